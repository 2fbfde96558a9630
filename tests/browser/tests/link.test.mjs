// Permalinks: made with redactions, opened in a profile that has never seen the log, and read as far as can be when
// they did not arrive whole.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { inState, pick, suite, visit } from '../lib/page.mjs';
import { shown, words } from '../lib/report.mjs';
import { fixture } from '../lib/site.mjs';
import { Watch } from '../lib/watch.mjs';

const { pageTest } = suite();
const LOG = fixture('guests/6.1/irq_null_write.log');
const CLIPBOARD = { permissions: ['clipboard-read', 'clipboard-write'] };

/** What nobody wants in a link, as logs have it, by the redaction that takes it out. */
const PRIVATE = {
  ip: '192.0.2.117',
  mac: '52:54:00:4a:9c:1e',
  email: 'jane.doe@example.com',
  'user-path': '/home/jdoe/',
};
const LINES = [
  `e1000e 0000:00:1f.6 eth0: ${PRIVATE.mac}`,
  `nfs: server ${PRIVATE.ip} not responding, still trying`,
  `test: contact ${PRIVATE.email}`,
  `systemd[1]: Started ${PRIVATE['user-path']}bin/agent.`,
];

/** The fixture with private things shortly before the report. */
async function privateLog() {
  const text = await readFile(LOG, 'utf8');
  const at = text.indexOf('[    3.112791] BUG:');
  assert.ok(at > 0);
  const lines = LINES.map((line) => `[    3.100000] ${line}\n`).join('');
  return { name: 'private.log', mimeType: 'text/plain', buffer: Buffer.from(text.slice(0, at) + lines + text.slice(at)) };
}

async function preview(page) {
  return page.locator('#share-preview').innerText();
}

/** Presses Share and copies the link. */
async function copyLink(page) {
  await page.locator('#share').click();
  await page.locator('#share-copy').click();
  await page.locator('#share-copy', { hasText: 'Link copied' }).waitFor();
  return page.evaluate(() => navigator.clipboard.readText());
}

/** Opens an address in a fresh profile, under watch, and hands its page to `look`. */
async function elsewhere(browser, address, look) {
  const context = await browser.newContext();
  context.setDefaultTimeout(15_000);
  try {
    const watch = await Watch.over(context);
    const page = await context.newPage();
    await visit(page, address, watch);
    await look(page);
    watch.check();
  } finally {
    await context.close();
  }
}

pageTest('a link holds the report without what was redacted, and opens in a fresh profile', CLIPBOARD,
  async ({ page, browser }) => {
    await pick(page, await privateLog());
    const before = await shown(page);
    await page.locator('#share').click();
    const held = await preview(page);
    for (const [name, secret] of Object.entries(PRIVATE)) {
      assert.ok(!held.includes(secret), `${name} is in the preview: ${secret}`);
      const box = page.locator(`#share-dialog input[name="${name}"]`);
      assert.ok(await box.isChecked(), `${name} is on by default`);
    }
    assert.match(held, /guest_irq_null_write\+0xa/);
    await page.keyboard.press('Escape');

    const link = await copyLink(page);
    assert.match(link, /#o1\./);
    assert.equal(page.url(), link, 'the address bar shows what was copied');
    await elsewhere(browser, link, async (other) => {
      const after = await shown(other);
      for (const part of ['title', 'verdict', 'notices', 'facts', 'stack', 'registers']) {
        assert.deepEqual(after[part], before[part], part);
      }
      assert.match(await words(other, '#link-note'), /came with the link/);
      const text = await other.locator('body').innerText();
      for (const secret of Object.values(PRIVATE)) assert.ok(!text.includes(secret), secret);
    });
  });

pageTest('switching a redaction off changes the preview and the link', CLIPBOARD, async ({ page, browser }) => {
  await pick(page, await privateLog());
  await shown(page);
  const redacted = await copyLink(page);
  await page.locator('#share-dialog input[name="ip"]').uncheck();
  await page.waitForFunction((ip) => document.querySelector('#share-preview').innerText.includes(ip), PRIVATE.ip);
  assert.ok(!(await preview(page)).includes(PRIVATE.mac), 'the others stay on');
  assert.equal(await page.locator('#share-copy').innerText(), 'Copy link', 'another text is another link');
  await page.locator('#share-copy').click();
  await page.locator('#share-copy', { hasText: 'Link copied' }).waitFor();
  const open = await page.evaluate(() => navigator.clipboard.readText());
  assert.notEqual(open, redacted);
  await elsewhere(browser, open, async (other) => {
    await shown(other);
    const text = (await other.locator('#log').innerText()).replace(/\s+/g, ' ');
    assert.ok(text.includes(PRIVATE.ip));
    assert.ok(!text.includes(PRIVATE.mac));
  });
});

pageTest('the link carries the view: the selected line and the tab', CLIPBOARD, async ({ page, browser }) => {
  await pick(page, LOG);
  await shown(page);
  await page.locator('#stack tr.frame', { hasText: 'irq_work_single' }).click();
  const line = await page.locator('#log .row.sel span').first().innerText();
  const link = await copyLink(page);
  await page.keyboard.press('Escape');
  await elsewhere(browser, link, async (other) => {
    await shown(other);
    assert.equal(await other.locator('#log .row.sel span').first().innerText(), line);
  });
  await page.locator('nav button.tab', { hasText: 'Log' }).click();
  await elsewhere(browser, await copyLink(page), async (other) => {
    await inState(other, 'open');
    await other.locator('.log-view').waitFor();
  });
});

pageTest('a link that did not arrive whole says so and shows what can be read', CLIPBOARD, async ({ page, browser, url }) => {
  await pick(page, LOG);
  const whole = await shown(page);
  const link = await copyLink(page);
  const fragment = link.slice(link.indexOf('#') + 1);
  const flipped = (at) => fragment.slice(0, at) + (fragment[at] === 'A' ? 'B' : 'A') + fragment.slice(at + 1);
  const first = (share) => fragment.slice(0, Math.floor(fragment.length * share));

  const broken = {
    damaged: { fragment: flipped(Math.floor(fragment.length * 0.8)), says: /damaged/ },
    'cut off': { fragment: first(0.9), says: /cut off after [\d,]+ characters/ },
    newer: { fragment: fragment.replace(/^o1\./, 'o2.'), says: /newer Oopscope \(format o2/ },
  };
  for (const [name, { fragment, says }] of Object.entries(broken)) {
    await elsewhere(browser, `${url}#${fragment}`, async (other) => {
      await inState(other, 'open');
      const note = await words(other, '#link-note');
      assert.match(note, /Not all of the link could be read/, name);
      assert.match(note, says, name);
      assert.equal(await other.locator('#title').innerText(), whole.title, `${name}: the report's head is there`);
    });
  }

  // Half of it ends before the report begins: the lines that are there are shown.
  await elsewhere(browser, `${url}#${first(0.5)}`, async (other) => {
    await inState(other, 'open');
    assert.match(await words(other, '#link-note'), /Not all of the link could be read.*cut off/);
    await other.locator('#log .row', { hasText: 'Linux version 6.1.0' }).waitFor();
    assert.match(await words(other, '#no-report'), /No report found/);
  });

  for (const nothing of ['o1.', 'o1.AAAA', 'section-2', fragment.slice(0, 12)]) {
    await elsewhere(browser, `${url}#${nothing}`, async (other) => {
      await inState(other, 'failed');
      assert.equal(await other.locator('#problem').getAttribute('data-code'), 'link', nothing);
      assert.match(await words(other, '#problem'), /link.*Copy the whole link again/s, nothing);
      assert.ok(await other.locator('#paste').isVisible(), 'the page is usable');
    });
  }
});

pageTest('a link that a mail program has quoted and wrapped opens', CLIPBOARD, async ({ page, browser, url }) => {
  await pick(page, LOG);
  const report = await shown(page);
  const link = await copyLink(page);
  const pieces = link.slice(link.indexOf('#') + 1).match(/.{1,70}/g);
  assert.ok(pieces.length > 10);
  const manglings = { 'quoted with %': '%0A%3E%20', 'quoted bare': '\n> ', 'broken by spaces': '%20' };
  for (const [name, between] of Object.entries(manglings)) {
    await elsewhere(browser, `${url}#${pieces.join(between)}`, async (other) => {
      const opened = await shown(other);
      assert.equal(opened.verdict, report.verdict, name);
      assert.deepEqual(opened.stack, report.stack, name);
      assert.doesNotMatch(await words(other, '#link-note'), /Not all/, name);
    });
  }
});

pageTest('a link opened over a log leads back to it', CLIPBOARD, async ({ page, watch }) => {
  await pick(page, LOG);
  await shown(page);
  const link = await copyLink(page);
  await page.keyboard.press('Escape');
  await pick(page, fixture('guests/6.12-arm64/null_write.log'));
  await page.locator('header .file[title="null_write.log"]').waitFor();
  const arm = await shown(page);
  await watch.whileLoading(async () => {
    await page.evaluate((fragment) => { location.hash = fragment; }, link.slice(link.indexOf('#')));
    await page.locator('#link-note').waitFor();
  });
  assert.match((await shown(page)).title, /guest_irq_null_write/);
  await page.locator('#link-note button').click();
  await page.locator('header .file[title="null_write.log"]').waitFor();
  assert.deepEqual((await shown(page)).stack, arm.stack);
  assert.ok(!page.url().includes('#'), 'the address no longer claims to be what is open');
});

pageTest('what is too long for a link is offered as a file, which opens as the same report', async ({ page, watch, url }) => {
  const text = await readFile(LOG, 'utf8');
  const at = text.indexOf('[    3.112791] BUG:');
  // Lines that do not compress, right before the report.
  let state = 1;
  const digits = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state.toString(36);
  };
  const noise = Array.from({ length: 38 }, () => `[    3.100000] dump: ${Array.from({ length: 400 }, digits).join('')}\n`);
  const log = text.slice(0, at) + noise.join('') + text.slice(at);
  await pick(page, { name: 'noise.log', mimeType: 'text/plain', buffer: Buffer.from(log) });
  const report = await shown(page);
  await page.locator('#share').click();
  const dialog = page.locator('#share-dialog');
  await dialog.getByText('Too long for a link').waitFor();
  assert.equal(await page.locator('#share-copy').count(), 0);
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#share-save').click()]);
  const saved = await download.path();
  await visit(page, url, watch);
  await pick(page, saved);
  const opened = await shown(page);
  for (const part of ['title', 'verdict', 'stack', 'registers']) assert.deepEqual(opened[part], report[part], part);
});
