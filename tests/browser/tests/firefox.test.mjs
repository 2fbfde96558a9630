// Firefox, by the shortest way through the page: read a log, whichever way it comes, make a link, open it, work offline; read a
// dump.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Firefox } from '../lib/bidi.mjs';
import { fixture, onCi, serve } from '../lib/site.mjs';
import { LATE } from '../lib/watch.mjs';

const FIREFOX = process.env.OOPSCOPE_FIREFOX ?? '/usr/bin/firefox-esr';
const LOG = fixture('guests/6.1/irq_null_write.log');

const engine = () => document.body.dataset.engine === 'ready';
const report = () => {
  const text = (selector) => document.querySelector(selector)?.innerText;
  return document.body.dataset.state === 'open' && document.querySelector('#log .row') && {
    title: text('#title'),
    verdict: text('#verdict'),
    stack: text('#stack'),
    registers: text('.regs'),
  };
};
const drop = ([name, text]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([text], name));
  document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
};

async function firefoxTest(body) {
  const server = await serve();
  let firefox;
  try {
    firefox = await Firefox.launch(FIREFOX);
    await firefox.goto(server.url);
    await firefox.until(engine);
    await firefox.until(() => navigator.serviceWorker.controller?.state === 'activated');
    const loaded = firefox.requests.length;
    assert.ok(loaded > 5, 'requests are seen');
    const isPage = (url) => /^(blob|data):/.test(url) || LATE.test(url);
    await body(firefox, server, () => firefox.requests.slice(loaded).filter((url) => !isPage(url)));
    assert.deepEqual(firefox.errors, []);
    assert.deepEqual(await firefox.refused(), []);
  } finally {
    await firefox?.close();
    await server.stop();
  }
}

// On CI its absence is a failure.
const options = existsSync(FIREFOX) || onCi
  ? { timeout: 120_000 }
  : { skip: `no Firefox at ${FIREFOX}: install it (Debian: apt-get install firefox-esr) or name it in OOPSCOPE_FIREFOX` };

test('Firefox: pick, drop and paste give the same report, a link opens as the same', options, () =>
  firefoxTest(async (firefox, server, requests) => {
    const text = await readFile(LOG, 'utf8');
    await firefox.setFiles('#file', [LOG]);
    const picked = await firefox.until(report);
    assert.match(picked.title, /NULL pointer dereference in guest_irq_null_write/);
    assert.match(picked.verdict, /hard interrupt/);

    const again = async () => {
      await firefox.press('g');
      await firefox.press('o');
      await firefox.until(() => Boolean(document.querySelector('#paste')));
    };
    await again();
    await firefox.evaluate(drop, ['dropped.log', text]);
    await firefox.until(() => document.querySelector('header .file')?.title === 'dropped.log');
    assert.deepEqual(await firefox.until(report), picked);
    await again();
    await firefox.evaluate((text) => {
      document.querySelector('#paste').value = text;
      document.querySelector('#paste-open').click();
    }, text);
    await firefox.until(() => document.querySelector('header .file')?.title === 'pasted text');
    assert.deepEqual(await firefox.until(report), picked);

    // The clipboard is asked for at a click only, which a script's is not: what would be copied is taken from there.
    await firefox.evaluate(() => {
      navigator.clipboard.writeText = async (text) => { window.copied = text; };
    });
    await firefox.press('s');
    await firefox.until(() => Boolean(document.querySelector('#share-copy')));
    await firefox.evaluate(() => document.querySelector('#share-copy').click());
    const link = await firefox.until(() => window.copied);
    assert.match(link, /#o1\./);
    assert.deepEqual(requests(), [], 'nothing was requested');

    await firefox.goto('about:blank');
    await firefox.goto(link);
    await firefox.until(() => Boolean(document.querySelector('#link-note')));
    assert.deepEqual(await firefox.until(report), picked);
  }));

test('Firefox: with the server gone it starts again and reads an example', options, () =>
  firefoxTest(async (firefox, server) => {
    await server.stop();
    await firefox.goto(server.url);
    await firefox.until(engine);
    await firefox.evaluate(() => document.querySelector('[data-example="arm64"]').click());
    const shown = await firefox.until(report);
    assert.match(shown.title, /NULL pointer/);
    // What Firefox lacks is left out quietly: no handle, so nothing that was kept is offered.
    assert.equal(await firefox.evaluate(() => document.querySelectorAll('#open-recent').length), 0);
  }));

test('Firefox: a dump shows its stack, and nothing but modules of the build is requested', options, () =>
  firefoxTest(async (firefox, server, requests) => {
    await firefox.setFiles('#file', [fixture('dumps/small.vmcore')]);
    const stack = await firefox.until(() => document.querySelector('#panic .dump-stack')?.innerText);
    for (const frame of ['guest_irq_null_write', 'irq_work_single']) assert.match(stack, new RegExp(frame));
    await firefox.until(() => document.body.dataset.state === 'open');
    const text = (selector) => firefox.evaluate((selector) => document.querySelector(selector).innerText, selector);
    assert.match(await text('#panic-message'), /Fatal exception in interrupt/);
    assert.match(await text('#dump-status'), /read in [\d,]+ reads/);
    await firefox.press('g');
    await firefox.press('p');
    await firefox.until(() => document.querySelector('#task-list')?.innerText.includes('kthreadd'));
    assert.deepEqual(requests(), [], 'nothing else was requested');
  }));

test('Firefox: an engine that is killed is replaced', options, () =>
  firefoxTest(async (firefox) => {
    await firefox.evaluate(() => document.querySelector('[data-example="two-oopses"]').click());
    const before = await firefox.until(report);
    await firefox.evaluate(() => dispatchEvent(new Event('oopscope-kill-engine')));
    await firefox.until(() => document.querySelector('#stopped')?.innerText.includes('has opened example two-oopses again'));
    assert.deepEqual(await firefox.until(report), before);
  }));
