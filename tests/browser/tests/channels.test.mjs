// Logs that come by odd ways: packed, as a picture of a panic screen's QR code, as that code's address.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { drop, inState, paste, pick, ready, suite } from '../lib/page.mjs';
import { shown, words } from '../lib/report.mjs';
import { fixture } from '../lib/site.mjs';

const { pageTest } = suite();
const PANIC = (name) => fixture(`channels/drm-panic/${name}`);

for (const packing of ['gz', 'xz', 'zst', 'lz4']) {
  pageTest(`a log packed as ${packing} opens as it is`, async ({ page }) => {
    await pick(page, fixture(`channels/packed/null_read.log.${packing}`));
    assert.match((await shown(page)).title, /guest_null_read/);
  });
}

/** The panic's report, by whatever way it came: an Oops in the test module. */
async function panic(page) {
  const report = await shown(page);
  assert.match(report.title, /NULL pointer dereference/);
  return report;
}

pageTest('a screenshot and a photo of a panic screen are read', async ({ page }) => {
  await pick(page, PANIC('screen.png'));
  const report = await panic(page);
  await drop(page, PANIC('photo.jpg'));
  await page.locator('header .file[title*="photo.jpg"]').waitFor();
  assert.equal((await panic(page)).title, report.title);
});

/** A picture made by the browser out of a PNG, in a form that only the browser reads, given by an event. */
const give = (page, how, bytes, beside) =>
  page.evaluate(async ([how, bytes, beside]) => {
    const bitmap = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: 'image/png' }));
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
    canvas.getContext('2d').drawImage(bitmap, 0, 0);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/webp', 1));
    const data = new DataTransfer();
    data.items.add(new File([blob], 'panic.webp', { type: 'image/webp' }));
    if (beside) data.setData('text/plain', beside);
    const more = { bubbles: true, cancelable: true };
    const box = document.getElementById('paste');
    box.dispatchEvent(how === 'drop' ? new DragEvent(how, { dataTransfer: data, ...more }) : new ClipboardEvent(how, { clipboardData: data, ...more }));
    return blob.type;
  }, [how, [...bytes], beside]);

for (const how of ['drop', 'paste']) {
  pageTest(`a picture that only the browser reads (${how}) is read, too`, async ({ page }) => {
    assert.equal(await give(page, how, await readFile(PANIC('screen.png'))), 'image/webp');
    await inState(page, 'open');
    await panic(page);
    assert.match(await page.locator('header .file').getAttribute('title'), /panic\.webp/);
  });
}

pageTest('a picture of a text beside the text is not taken for the log', async ({ page }) => {
  const text = await readFile(fixture('guests/6.1/null_read.log'), 'utf8');
  // Into the box it is pasted by the browser itself, as any text; the page has nothing to open yet.
  await give(page, 'paste', await readFile(PANIC('screen.png')), text);
  assert.equal(await page.locator('body').getAttribute('data-state'), 'ready');
  await give(page, 'drop', await readFile(PANIC('screen.png')), text);
  assert.match((await shown(page)).title, /guest_null_read/);
});

pageTest('a picture without a code says what to do', async ({ page }) => {
  await pick(page, fixture('../../www/icons/oopscope-192.png'));
  await page.locator('#problem').waitFor();
  assert.match(await words(page, '#problem'), /QR code/);
});

pageTest('the address in the code opens, pasted and as the page’s own', async ({ page, url, watch }) => {
  const address = (await readFile(PANIC('zl.txt'), 'utf8')).trim();
  await paste(page, address);
  const report = await panic(page);
  await watch.whileLoading(async () => {
    await page.goto('about:blank');
    await page.goto(`${url}${address.slice(address.indexOf('#'))}`);
    await ready(page);
  });
  assert.deepEqual((await panic(page)).stack, report.stack);
  assert.match(await words(page, '#link-note'), /panic screen/);
});
