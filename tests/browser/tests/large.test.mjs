// A log that is too large to be held: it streams through, and what is kept of it is small.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { writeLarge } from '../lib/logs.mjs';
import { inState, pick, suite } from '../lib/page.mjs';
import { atOnce, shown, words } from '../lib/report.mjs';

const { pageTest } = suite();
const MEGABYTES = 300;
/** Where in it the crashes are: a report is told as soon as the next one begins. */
const CRASHES = {
  3: 'guests/6.1/null_write.log',
  6: 'guests/6.1/list_poison.log',
  150: 'guests/6.1/bug.log',
  300: 'guests/6.1/divide.log',
};
const LAST = '[99999.000000] the very last line of all';
/** What the page and the engine may take more while such a log is read, in bytes: far less than the log. */
const MEMORY = 120 << 20;
const PATIENCE = { timeout: 150_000 };

let directory, log, lines;
before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'oopscope-large-'));
  log = path.join(directory, 'large.log');
  lines = await writeLarge(log, MEGABYTES, CRASHES, LAST);
});
after(() => rm(directory, { recursive: true }));

/** Bytes of memory that the renderer with the most has now. Page and worker are in one process. */
async function rendererMemory(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const sizes = await Promise.all(
    processInfo
      .filter(({ type }) => type === 'renderer')
      .map(async ({ id }) => {
        // One that has just ended has none.
        const status = await readFile(`/proc/${id}/status`, 'utf8').catch(() => '');
        return 1024 * Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
      }),
  );
  return Math.max(...sizes);
}

pageTest(`a log of ${MEGABYTES} MB streams through in bounded memory`, PATIENCE, async ({ page, browser }) => {
  page.setDefaultTimeout(120_000);
  const before = await rendererMemory(browser);
  assert.ok(before > 0, 'memory can be measured here');
  const progress = atOnce(page, '#opening .figures', ' left');
  const found = atOnce(page, '#opening .found', 'NULL pointer');
  await pick(page, log);
  assert.match(await progress, /^[\d.]+ MB of 31\d MB [\d,]+ lines [\d.]+ MB\/s .* left( \d+ reports? so far)?$/);
  await found;
  let most = before;
  while ((await page.locator('body').getAttribute('data-state')) === 'opening') {
    most = Math.max(most, await rendererMemory(browser));
    await page.waitForTimeout(100);
  }
  await inState(page, 'open');
  await shown(page);
  most = Math.max(most, await rendererMemory(browser));
  assert.ok(most - before < MEMORY, `${((most - before) / (1 << 20)).toFixed(0)} MiB more than before`);

  assert.equal(await page.locator('#report-list button').count(), Object.keys(CRASHES).length);
  const size = Math.round((await stat(log)).size / 1e6);
  assert.match(await words(page, '#status'), new RegExp(`${size} MB read in [\\d,]+ reads`));

  // The log view: the last line is the last line, with its number.
  await page.keyboard.press('g');
  await page.keyboard.press('l');
  assert.match(await words(page, 'nav[aria-label="Views"]'), new RegExp(lines.toLocaleString('en')));
  await page.locator('#log').press('End');
  const end = page.locator(`#log-${lines}`);
  await end.getByText(LAST).waitFor();
  assert.ok(await inSight(end), 'the last line is in sight');
  assert.ok((await page.locator('#log .row').count()) < 300, 'only the rows on screen exist');

  // The scroll bar does the same, and the wheel moves by lines there.
  await page.locator('#log').press('Home');
  await page.locator('#log-1').waitFor();
  await page.locator('#log').evaluate((list) => { list.scrollTop = list.scrollHeight; });
  await end.waitFor();
  assert.ok(await inSight(end));
  await page.locator('#log').hover();
  await page.mouse.wheel(0, -2000);
  const near = page.locator(`#log-${lines - 100}`);
  await near.waitFor();
  assert.ok((await near.locator('span').innerText()).length > 20);

  // Search reaches the end and says so.
  await page.locator('#log').press('Home');
  await page.keyboard.press('/');
  await page.locator('#find').fill('very last line');
  await page.keyboard.press('Enter');
  await page.locator('#find-outcome', { hasText: `line ${lines.toLocaleString('en')}` }).waitFor();
  await end.waitFor();
});

const inSight = (row) =>
  row.evaluate((row) => {
    const list = row.closest('.lines').getBoundingClientRect();
    const box = row.getBoundingClientRect();
    return box.top >= list.top - 1 && box.bottom <= list.bottom + 1;
  });

pageTest('Cancel ends the reading and keeps what was found, marked as a part', PATIENCE, async ({ page }) => {
  const cancelled = atOnce(page, '#opening .found', 'NULL pointer', { click: '#cancel' });
  await pick(page, log);
  await cancelled;
  await inState(page, 'open');
  const report = await shown(page);
  assert.match(report.title, /guest_null_write/);
  const note = page.locator('p.note', { hasText: 'Cancelled after' });
  const [, done, total] = /Cancelled after ([\d.]+) MB of ([\d.]+) MB: the reports are those found until there/
    .exec(await note.innerText());
  assert.ok(Number(done) > 0 && Number(done) < 150 && Number(total) > 300, `${done} of ${total}`);
  assert.equal(await page.locator('#report-list button').count(), 2, 'the reports further down were not reached');
});

pageTest('what is open can be used while another log is read, and stays when that is dropped', PATIENCE, async ({ page }) => {
  await page.locator('[data-example="two-oopses"]').click();
  const report = await shown(page);
  // The next report is asked for in the midst of the reading, and given.
  const stepped = atOnce(page, '#opening .figures', 'MB/s', { click: '#report-list li:nth-child(2) button' });
  const meanwhile = atOnce(page, 'body[data-state="opening"] #title', 'guest_second_null_read');
  await pick(page, log);
  await stepped;
  assert.notEqual(await meanwhile, report.title);
  // Something else is given: the large one is given up.
  await page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File(['[    1.000000] nothing happened\n'], 'small.log'));
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  });
  await page.locator('header .file[title="small.log"]').waitFor();
  await inState(page, 'open');
  await page.locator('#no-report').waitFor();
  assert.equal(await page.locator('#problem').count(), 0);
});
