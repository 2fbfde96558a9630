// A log written by an enemy: whatever is in it is shown as text and does nothing.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { paste, pick, suite } from '../lib/page.mjs';
import { shown } from '../lib/report.mjs';
import { fixture } from '../lib/site.mjs';

const { pageTest } = suite();
const LOG = fixture('guests/6.1/irq_null_write.log');
const HEADER = '[    3.112791] BUG:';

const SCRIPT = '<script>window.harmed=1</script>';
const IMAGE = '<img src=x onerror=window.harmed=2>';
const LINK = '<a href="javascript:window.harmed=3">javascript:window.harmed=3</a>';
const SVG = '"><svg/onload=window.harmed=4><style>*{display:none}</style><iframe srcdoc="<b>x</b>">';
const MARKUP = [SCRIPT, IMAGE, LINK, SVG, '&lt;b&gt;&amp;', '{{7*7}} ${7*7} %s%n'];

/** The fixture with `lines` shortly before the report, and `change` made to all of it. */
async function log(lines, change = (text) => text) {
  const text = await readFile(LOG, 'utf8');
  const at = text.indexOf(HEADER);
  assert.ok(at > 0);
  return change(text.slice(0, at) + lines.map((line) => `[    3.100000] ${line}\n`).join('') + text.slice(at));
}

const file = (text) => ({ name: `${SCRIPT.slice(0, 8)}.log`, mimeType: 'text/plain', buffer: Buffer.from(text) });

/** Fails when anything of the log has become more than text. `dialogs` are those that the page has opened. */
async function unharmed(page, dialogs) {
  assert.deepEqual(dialogs, []);
  const state = await page.evaluate(() => ({
    harmed: window.harmed,
    made: [...document.querySelectorAll('#app script, img, iframe, object, embed, #app style, a[href^="javascript:"]')].length,
    handlers: [...document.querySelectorAll('*')].filter((element) =>
      element.getAttributeNames().some((name) => name.startsWith('on'))).length,
    // The log view places its rows by CSSOM, which shows as an attribute.
    styled: document.querySelectorAll('[style]:not(.log-view .space, .log-view .rows)').length,
    shown: getComputedStyle(document.querySelector('#app')).display !== 'none',
  }));
  assert.deepEqual(state, { harmed: undefined, made: 0, handlers: 0, styled: 0, shown: true });
}

function dialogsOf(page) {
  const seen = [];
  page.on('dialog', (dialog) => {
    seen.push(dialog.message());
    dialog.dismiss();
  });
  return seen;
}

pageTest('markup in a log is text in every view and in the share dialog', async ({ page }) => {
  const dialogs = dialogsOf(page);
  // In the places that the page lifts out of the log, too: task, hardware, module, function, panic's reason.
  const hostile = await log(MARKUP, (text) =>
    text
      .replaceAll('Comm: insmod', `Comm: ${IMAGE.slice(0, 15)}`)
      .replaceAll(/Hardware name: .*/g, `Hardware name: ${IMAGE}`)
      .replaceAll('Modules linked in: oops_guest(OE+)', `Modules linked in: ${IMAGE.replaceAll(' ', '/')}(OE+) oops_guest(OE+)`)
      .replaceAll('spin_here+', `${SCRIPT}+`)
      .replaceAll('Fatal exception in interrupt', `Fatal ${SCRIPT} ${IMAGE}`)
      .replaceAll(/Linux version \S+/g, `Linux version ${SCRIPT}`));
  await pick(page, file(hostile));
  const report = await shown(page);
  assert.match(report.title, /guest_irq_null_write/);
  const log_text = report.log.join('\n');
  for (const markup of [...MARKUP, `Hardware name: ${IMAGE}`]) assert.ok(log_text.includes(markup), markup);
  assert.ok(report.facts.some((fact) => fact.includes(IMAGE)), 'the hardware name is shown as it is');
  await unharmed(page, dialogs);

  await page.locator('#share').click();
  await page.locator('#share-preview').waitFor();
  assert.ok((await page.locator('#share-preview').innerText()).includes(SCRIPT));
  await unharmed(page, dialogs);
  await page.keyboard.press('Escape');

  await page.keyboard.press('/');
  await page.locator('#find').fill(IMAGE);
  await page.keyboard.press('Enter');
  await page.locator('#log .row.sel mark').first().waitFor();
  assert.equal(await page.locator('#log .row.sel mark').first().innerText(), IMAGE);
  await unharmed(page, dialogs);
  assert.ok((await page.title()).includes('guest_irq_null_write'));
});

pageTest('a pasted text and a link that are markup are text', async ({ page, watch, url }) => {
  const dialogs = dialogsOf(page);
  await paste(page, MARKUP.join('\n'));
  await page.locator('#no-report').waitFor();
  const lines = await page.locator('#log .row > span').allInnerTexts();
  assert.deepEqual(lines, MARKUP);
  await unharmed(page, dialogs);
  await watch.whileLoading(async () => {
    await page.goto(`${url}#${encodeURIComponent(IMAGE)}`);
    await page.locator('#problem').waitFor();
  });
  await unharmed(page, dialogs);
});

pageTest('control characters are pictures, escape sequences are gone, nothing reorders another line', async ({ page }) => {
  const dialogs = dialogsOf(page);
  const lines = [
    'nul \0 bell \x07 backspace \b\b\b vertical \v delete \x7f unit \x1f',
    '\x1b[31mred\x1b[0m \x1b]0;owned\x07title \x1b[2J\x1b[1;1Hhome',
    'unfinished \x1b[',
    'abc \u202egnp.exe\u202c \u2066isolate\u2069 \u200f end',
  ];
  await paste(page, lines.map((line) => `[    1.000000] ${line}`).join('\n'));
  await page.locator('#log .row').nth(3).waitFor();
  const rows = await page.locator('#log .row > span').allTextContents();
  assert.match(rows[0], /nul ␀ bell ␇ backspace ␈␈␈ vertical ␋ delete ␡ unit ␟$/);
  assert.match(rows[1], /red title home$/);
  assert.match(rows[2], /unfinished ␛\[$/);
  assert.match(rows[3], /abc <U\+202E>gnp\.exe<U\+202C> <U\+2066>isolate<U\+2069> <U\+200F> end$/);
  // The rows stand where they belong, number left of text, whatever direction a text asks for.
  const boxes = await page.locator('#log .row').evaluateAll((rows) =>
    rows.map((row) => [...row.children].map((child) => Math.round(child.getBoundingClientRect().left))));
  assert.ok(boxes.every(([number, text]) => number === boxes[0][0] && text === boxes[0][1] && number < text), String(boxes));
  assert.equal((await page.title()).includes('owned'), false);
  await unharmed(page, dialogs);
});

pageTest('a line of 10 MB, and one of 1 MB inside a report, are cut and said to be', { timeout: 90_000 }, async ({ page }) => {
  const dialogs = dialogsOf(page);
  const huge = `${IMAGE}${'A'.repeat(10_000_000)}`;
  const long = `[    3.113000] Modules linked in: ${'m<b>'.repeat(260_000)}\n`;
  const text = await log([huge], (text) => text.replace('[    3.113578] Oops:', `${long}[    3.113578] Oops:`));
  assert.ok(text.includes(long));
  await pick(page, file(text));
  const report = await shown(page);
  assert.match(report.title, /guest_irq_null_write/);
  const cut = report.log.filter((row) => /more of this line not shown/.test(row));
  assert.equal(cut.length, 2, 'both long lines are marked');
  assert.ok(report.log.every((row) => row.length < 20_000), 'and no row holds all of one');
  await unharmed(page, dialogs);
  // The page still answers at once.
  const began = Date.now();
  await page.keyboard.press('j');
  await page.locator('#stack tr.sel').waitFor();
  assert.ok(Date.now() - began < 5_000, 'the page has not become slow');
});

pageTest('a line of 10 MB and nothing else is shown and harms nothing', async ({ page }) => {
  const dialogs = dialogsOf(page);
  await pick(page, file(IMAGE.repeat(Math.ceil(10_000_000 / IMAGE.length))));
  await page.locator('#no-report').waitFor();
  const row = page.locator('#log .row').first();
  await row.getByText('more of this line not shown').waitFor();
  assert.ok((await row.innerText()).includes(IMAGE));
  await unharmed(page, dialogs);
});
