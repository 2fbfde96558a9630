// What leaves the page: several reports in order, and text and JSON that are the command's own.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { paste, pick, suite } from '../lib/page.mjs';
import { shown, words } from '../lib/report.mjs';
import { fixture, onCi } from '../lib/site.mjs';

const { pageTest } = suite();
const SEVERAL = fixture('guests/6.1/two_oopses.log');
const ONE = fixture('guests/6.1/irq_null_write.log');
const CLIPBOARD = { permissions: ['clipboard-read', 'clipboard-write'] };
/** The command, as `cargo xtask test` has built it. */
const CLI = process.env.OOPSCOPE_CLI;

async function command(file, format) {
  const run = promisify(execFile);
  const { stdout } = await run(CLI, ['log', '--format', format, file], { maxBuffer: 64 << 20 });
  return stdout;
}

/** Presses a button that copies and gives what is in the clipboard then. */
async function copied(page, button) {
  await page.evaluate(() => navigator.clipboard.writeText(''));
  await page.locator(button).click();
  await page.locator('#said', { hasText: 'Copied.' }).waitFor({ state: 'attached' });
  return page.evaluate(() => navigator.clipboard.readText());
}

async function downloaded(page) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#download-json').click()]);
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), 'utf8') };
}

pageTest('the first report comes first, and the second says to look at the first', async ({ page }) => {
  await pick(page, SEVERAL);
  const first = await shown(page);
  assert.match(first.title, /guest_first_null_write/);
  const rows = await page.locator('#report-list button').allInnerTexts();
  assert.equal(rows.length, 2);
  assert.match(rows[0], /^#1[^]*guest_first_null_write/);
  assert.match(rows[1], /^#2[^]*guest_second_null_read[^]*may follow from #1/);

  await page.locator('#report-list button').nth(1).click();
  await page.locator('#title', { hasText: 'guest_second_null_read' }).waitFor();
  const second = await shown(page);
  assert.match(second.notices.join('\n'), /Look at report 1 first/);
  // x86 prints the first Oops's registers again after the second's end: they are not the second's.
  assert.match(second.notices.join('\n'), /repeat the registers of the first Oops/);
  assert.notDeepEqual(second.registers, first.registers);
  await page.getByRole('button', { name: 'Show report #1' }).click();
  await page.locator('#title', { hasText: 'guest_first_null_write' }).waitFor();
  assert.deepEqual(await shown(page), first);
});

pageTest('a warning before an Oops is told apart from it', async ({ page }) => {
  await page.locator('[data-example="warning-first"]').click();
  await shown(page);
  const rows = await page.locator('#report-list button').allInnerTexts();
  assert.match(rows[0], /WARNING/);
  assert.match(rows[1], /(ERROR|FATAL)[^]*NULL pointer/);
});

if (CLI || onCi) {
  pageTest('the copied text and the JSON document are what the command prints', CLIPBOARD, async ({ page }) => {
    await pick(page, ONE);
    await shown(page);
    assert.equal(await copied(page, '#copy-text'), await command(ONE, 'text'));
    assert.equal(await copied(page, '#copy-markdown'), await command(ONE, 'markdown'));
    const { name, text } = await downloaded(page);
    assert.equal(text, await command(ONE, 'json'));
    assert.equal(name, 'irq_null_write.log.oops.json');
  });

  pageTest('of several reports the one on the screen is copied, and all are in the document', CLIPBOARD, async ({ page }) => {
    await pick(page, SEVERAL);
    await shown(page);
    const whole = await command(SEVERAL, 'text');
    const first = await copied(page, '#copy-text');
    await page.keyboard.press(']');
    await page.locator('#title', { hasText: 'guest_second_null_read' }).waitFor();
    const second = await copied(page, '#copy-text');
    assert.ok(whole.includes(first.trim()), 'the first is in the whole');
    assert.ok(whole.includes(second.trim()), 'the second is in the whole');
    assert.ok(whole.indexOf(first.trim()) < whole.indexOf(second.trim()));
    assert.equal((await downloaded(page)).text, await command(SEVERAL, 'json'));
  });

  pageTest('pasted text gives the same document but for name and size', CLIPBOARD, async ({ page }) => {
    await paste(page, await readFile(ONE, 'utf8'));
    await shown(page);
    const { name, text } = await downloaded(page);
    const [page_document, printed] = [JSON.parse(text), JSON.parse(await command(ONE, 'json'))];
    assert.equal(printed.log.name, path.basename(ONE));
    // A text field makes one character of the serial console's CR LF.
    for (const document of [printed, page_document]) {
      delete document.log.name;
      delete document.log.bytes;
    }
    assert.deepEqual(page_document, printed);
    assert.equal(name, 'kernel-log.oops.json');
  });
} else {
  test('the copied text is what the command prints', { skip: 'OOPSCOPE_CLI does not name the command' }, () => {});
}

pageTest('where the clipboard is refused the text can be copied by hand', async ({ page }) => {
  await page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
  });
  await page.locator('[data-example="arm64"]').click();
  const report = await shown(page);
  await page.locator('#copy-text').click();
  const box = page.locator('#copy-dialog textarea');
  await box.waitFor();
  const state = await box.evaluate((box) => ({
    text: box.value,
    selected: box.value.slice(box.selectionStart, box.selectionEnd) === box.value,
  }));
  assert.ok(state.text.startsWith(report.title));
  assert.ok(state.selected, 'the user\'s own Ctrl+C takes it');
  assert.match(await words(page, '#copy-dialog'), /press Ctrl\+C/);
});
