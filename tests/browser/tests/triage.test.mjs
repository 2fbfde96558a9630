// Many logs at once: a folder, dropped or chosen, becomes groups, and a group leads to a report.

import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { drop, inState, pick, ready, suite } from '../lib/page.mjs';
import { shown, words } from '../lib/report.mjs';
import { fixture } from '../lib/site.mjs';

const { pageTest } = suite();
const CLIPBOARD = { permissions: ['clipboard-read', 'clipboard-write'] };
const LOGS = ['irq_null_write', 'null_write', 'two_oopses', 'bug'].map((name) => `${name}.log`);
let folder;

before(async () => {
  folder = path.join(await mkdtemp(path.join(tmpdir(), 'oopscope-logs-')), 'crashes');
  await mkdir(path.join(folder, 'again'), { recursive: true });
  for (const name of LOGS) await cp(fixture(`guests/6.1/${name}`), path.join(folder, name));
  await cp(fixture('guests/6.1/null_write.log'), path.join(folder, 'again/null_write.log'));
});
after(() => rm(path.dirname(folder), { recursive: true }));

const groups = (page) => page.locator('#groups tr.group').allInnerTexts();

async function grouped(page) {
  await inState(page, 'triage');
  assert.match(await words(page, '#triage-totals'), /^5 files 5 with a report 6 reports in 5 groups/);
  const rows = await groups(page);
  assert.equal(rows.length, 5);
  assert.ok(rows.some((row) => /^2\s+2\s.*NULL pointer dereference in guest_null_write/s.test(row)), rows.join('\n'));
}

pageTest('a dropped folder is read log by log, and a group leads to its report and back', async ({ page }) => {
  await drop(page, folder);
  await grouped(page);
  const row = page.locator('#groups button.fold', { hasText: 'guest_second_null_read' });
  await row.focus();
  await page.keyboard.press('Enter');
  await page.locator('.open-one', { hasText: 'crashes/two_oopses.log' }).click();
  const report = await shown(page);
  assert.match(report.title, /guest_second_null_read/, 'the report of the group, not the first of the log');
  await page.keyboard.press('g');
  await page.keyboard.press('t');
  await page.locator('#groups').waitFor();
  assert.equal((await groups(page)).length, 5);
  await page.getByRole('button', { name: /^Report/ }).click();
  await page.locator('#title', { hasText: 'guest_second_null_read' }).waitFor();
});

pageTest('a chosen folder gives the same, to copy and to save', CLIPBOARD, async ({ page }) => {
  await page.locator('#folder').setInputFiles(folder);
  await grouped(page);
  await page.keyboard.press('c');
  await page.locator('#said', { hasText: 'Copied.' }).waitFor({ state: 'attached' });
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /guest_null_write/);
  for (const [button, end, holds] of [['#triage-json', '.jsonl', /oopscope-triage\/1/], ['#triage-html', '.html', /<html/]]) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator(button).click()]);
    assert.ok(download.suggestedFilename().endsWith(end), download.suggestedFilename());
    assert.match(await readFile(await download.path(), 'utf8'), holds);
  }
});

pageTest('a few files are one log, and can be read each by itself and together again', async ({ page }) => {
  await pick(page, LOGS.slice(0, 2).map((name) => path.join(folder, name)));
  await shown(page);
  assert.match(await words(page, '#read-as-one'), /^2 files, read as one log/);
  assert.equal(await page.locator('#report-list button').count(), 2);
  await page.getByRole('button', { name: 'Read each by itself' }).click();
  await inState(page, 'triage');
  assert.match(await words(page, '#triage-totals'), /^2 files/);
  await page.locator('#read-together').click();
  await page.locator('#read-as-one').waitFor();
  assert.equal(await page.locator('#report-list button').count(), 2);
});

pageTest('more files than a log has parts are read each by itself', async ({ page }) => {
  const names = (await readdir(fixture('guests/6.1'))).filter((name) => name.endsWith('.log')).slice(0, 10);
  await pick(page, names.map((name) => fixture(`guests/6.1/${name}`)));
  await inState(page, 'triage');
  assert.match(await words(page, '#triage-totals'), /^10 files/);
});

pageTest('the records of a pstore are one log in whatever order', async ({ page }) => {
  const place = fixture('channels/efi-pstore');
  const records = (await readdir(place)).filter((name) => name.startsWith('dmesg-')).sort().reverse();
  assert.ok(records.length > 8);
  await pick(page, records.map((name) => path.join(place, name)));
  await inState(page, 'open');
  const report = await shown(page);
  assert.match(report.title, /./);
});

pageTest('an empty folder says what to do', async ({ page }) => {
  const empty = await mkdtemp(path.join(tmpdir(), 'oopscope-empty-'));
  try {
    await drop(page, empty);
    await page.locator('#problem').waitFor();
    assert.match(await words(page, '#problem'), /holds no files.*Drop the folder that holds the logs/);
  } finally {
    await rm(empty, { recursive: true });
  }
});

pageTest('groups stay when the engine dies, and the log of one opens in a fresh one', async ({ page, watch }) => {
  await drop(page, folder);
  await grouped(page);
  // A fresh worker loads its files again.
  await watch.whileLoading(async () => {
    await page.evaluate(() => dispatchEvent(new Event('oopscope-kill-engine')));
    await page.locator('#triage-text:disabled').waitFor();
    await ready(page);
  });
  assert.ok(await page.locator('#triage-text').isDisabled());
  await page.locator('#groups button.fold', { hasText: 'guest_irq_null_write' }).click();
  await page.locator('.open-one').click();
  assert.match((await shown(page)).title, /guest_irq_null_write/);
});

for (const width of [375, 1024, 1920]) {
  pageTest(`groups fit at ${width} px`, { viewport: { width, height: 800 } }, async ({ page }) => {
    await drop(page, folder);
    await grouped(page);
    await page.locator('#groups button.fold').first().click();
    const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    assert.ok(wide <= window, `${wide} px in ${window}`);
  });
}
