// What is no log, or no longer one: each gets words of its own that say what to do, and what was open stays open.

import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { drop, inState, paste, pick, suite } from '../lib/page.mjs';
import { shown, words } from '../lib/report.mjs';
import { fixture } from '../lib/site.mjs';

const { pageTest } = suite();
const LOG = fixture('guests/6.1/irq_null_write.log');
const OTHER = fixture('guests/6.12-arm64/null_write.log');

let directory;
before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'oopscope-bad-'));
});
after(() => rm(directory, { recursive: true }));

const file = (name, bytes) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(bytes) });

/** An ELF header: little-endian, 64 bits, of the type given. */
function elf(type) {
  const header = Buffer.alloc(4096);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(type, 16);
  return header;
}

const noise = (length) => Buffer.from(Array.from({ length }, (_, i) => (i * 7919 + (i >> 3) * 104729) & 0xff));

/** What is refused, with its code, what must be said of it, and what must be advised. */
const REFUSED = [
  [file('empty.log', ''), 'empty', /empty\.log is empty\./, /Check that the log was saved/],
  [file('blank.log', '\n\n  \n'), 'empty', /blank\.log is empty\./, /Check/],
  [file('vmlinux', elf(2)), 'symbols', /vmlinux gives neither a log nor symbols: it has no symbol table/, /as text/],
  [file('disk.img', noise(100_000)), 'binary', /disk\.img is not a text: its beginning is binary data/, /dmesg/],
  [file('lost.log', Buffer.alloc(8192)), 'binary', /lost\.log holds only NUL bytes/, /pstore/],
];

pageTest('what is no log is refused in its own words, with nothing open', async ({ page }) => {
  for (const [input, code, says, advises] of REFUSED) {
    await pick(page, input);
    await page.locator('#problem', { hasText: input.name }).waitFor();
    await inState(page, 'failed');
    assert.equal(await page.locator('#problem').getAttribute('data-code'), code, input.name);
    const said = await words(page, '#problem');
    assert.match(said, says);
    assert.match(said, advises);
    assert.equal((await page.locator('#said').textContent()).trim(), /^(.*?\.)(?= [A-Z])/.exec(said)?.[1], 'it is read out');
    assert.ok(await page.locator('#paste').isVisible());
  }
  await pick(page, LOG);
  await shown(page);
  assert.equal(await page.locator('#problem').count(), 0, 'a log that opens takes the message away');
});

pageTest('what is no log leaves open what is open', async ({ page }) => {
  await pick(page, LOG);
  const report = await shown(page);
  for (const [input, , says] of REFUSED) {
    await drop(page, await onDisk(input));
    await page.locator('#problem', { hasText: input.name }).waitFor();
    const said = await words(page, '#problem');
    assert.match(said, says);
    assert.match(said, /irq_null_write\.log is still open\./);
    assert.equal(await page.locator('#title').innerText(), report.title);
  }
  await page.locator('#problem button').click();
  assert.equal(await page.locator('#problem').count(), 0);
  assert.deepEqual(await shown(page), report);
  // The engine still holds it: it can be searched and shared.
  await page.locator('#share').click();
  await page.locator('#share-preview').waitFor();
});

async function onDisk({ name, buffer }) {
  const place = path.join(directory, name);
  await writeFile(place, buffer);
  return place;
}

pageTest('a log without a report is shown, with what was looked for', async ({ page }) => {
  const lines = Array.from({ length: 500 }, (_, i) => `[${String(i).padStart(5)}.000000] usb 1-1: message ${i}`);
  await pick(page, file('quiet.log', `${lines.join('\n')}\n`));
  await inState(page, 'open');
  assert.match(await words(page, '#no-report'), /No report found\. None of 500 lines has the header of a kernel report\./);
  await page.getByText('What was looked for').click();
  const looked = await page.locator('#no-report .looked-for').innerText();
  for (const pattern of ['BUG: unable to handle', 'Kernel panic - not syncing', 'general protection fault', 'Internal error']) {
    assert.ok(looked.includes(pattern), pattern);
  }
  assert.match(await page.locator('#log .row').first().innerText(), /usb 1-1: message 0/);
  assert.equal(await page.locator('#share').isDisabled(), true);
});

pageTest('a report that was cut off is shown as far as it goes, and marked', async ({ page }) => {
  const text = await readFile(LOG, 'utf8');
  const at = text.indexOf('irq_work_run+0x14');
  assert.ok(at > 0);
  await pick(page, file('cut.log', text.slice(0, at)));
  const report = await shown(page);
  assert.match(report.title, /guest_irq_null_write/);
  assert.match(report.stack.join('\n'), /irq_work_run_list/);
  assert.match(report.notices.join('\n'), /The log ends before the report does/);

  // So short that no function is named: the badge says that the report itself is damaged.
  await pick(page, file('stump.log', text.slice(0, text.indexOf('[    3.113578] Oops:'))));
  await page.locator('.badges', { hasText: 'DAMAGED' }).waitFor();
  assert.match((await shown(page)).notices.join('\n'), /This report is damaged: no function is named.*the log ends/);
});

pageTest('bytes that are not UTF-8 are shown as such, and the report is read', async ({ page }) => {
  const text = await readFile(LOG);
  const at = text.indexOf('[    3.112791] BUG:');
  const dirt = Buffer.concat([Buffer.from('[    3.110000] serial '), Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x80]), Buffer.from('\n')]);
  await pick(page, file('dirt.log', Buffer.concat([text.subarray(0, at), dirt, text.subarray(at)])));
  const report = await shown(page);
  assert.match(report.title, /guest_irq_null_write/);
  assert.match(await words(page, '#main'), /1 line holds bytes that are not UTF-8; such bytes are shown as �\./);
  assert.ok(report.log.some((row) => /serial �+/.test(row)));
});

pageTest('several files are read as one log in the order given, what is none is left out by name', async ({ page }) => {
  const image = await onDisk({ name: 'photo.png', buffer: Buffer.from('\x89PNG\r\n\x1a\n and so on', 'latin1') });
  await drop(page, [LOG, image, OTHER]);
  const report = await shown(page);
  assert.match(report.title, /guest_irq_null_write/);
  assert.equal(await page.locator('#report-list button').count(), 2);
  const said = await words(page, '#main');
  assert.match(said, /2 files were read as one log, in this order: irq_null_write\.log from line 1, null_write\.log from line \d+\./);
  assert.match(said, /Left out: photo\.png gives no log: the picture is damaged\./);
  assert.match(await page.locator('header .file').getAttribute('title'), /irq_null_write\.log and 1 more file/);
});

pageTest('text without anything in it is refused', async ({ page }) => {
  await paste(page, ' \n ');
  await page.locator('#problem').waitFor();
  assert.match(await words(page, '#problem'), /The pasted text is empty\./);
});

const CHANGES = {
  'written to': (place) => appendFile(place, 'more\n'),
  'cut short': (place) => truncate(place, 100),
  deleted: (place) => unlink(place),
};

for (const [change, make] of Object.entries(CHANGES)) {
  pageTest(`a file that is ${change} while it is open is no longer read, and that is said`, async ({ page }) => {
    const place = path.join(directory, 'growing.log');
    const line = (i) => `[${String(i + 10).padStart(5)}.000000] usb 1-1: message ${i}\n`;
    await writeFile(place, (await readFile(LOG, 'utf8')) + Array.from({ length: 20_000 }, (_, i) => line(i)).join(''));
    await pick(page, place);
    const report = await shown(page);
    await make(place);
    await page.locator('nav button.tab', { hasText: 'Log' }).click();
    await page.locator('#log').press('End');
    await page.locator('#problem').waitFor();
    const said = await words(page, '#problem');
    const expected = change === 'deleted' ? /growing\.log (changed|can't be read: it was moved or deleted)/ : /growing\.log changed while it was being read/;
    assert.match(said, expected);
    assert.match(said, /growing\.log is still open/);
    // What was read stays on the screen.
    await page.keyboard.press('g');
    await page.keyboard.press('r');
    assert.equal(await page.locator('#title').innerText(), report.title);
    assert.ok((await page.locator('#stack tr.frame').count()) > 3);
    // To share it the lines would have to be read again.
    await page.locator('#share').click();
    await page.locator('#share-dialog [role="alert"]').waitFor();
    assert.match(await words(page, '#share-dialog'), expected);
  });
}
