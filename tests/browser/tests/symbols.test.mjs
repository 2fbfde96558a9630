// Files of symbols in the page: dropped with a log, after it, as a folder; what does not match is seen; the source around a
// frame; forgotten; shared. What another symbolizer says of the same frames is the oracle.

import assert from 'node:assert/strict';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { drop, examine, inState, pick, ready, suite, visit } from '../lib/page.mjs';
import { shown, words } from '../lib/report.mjs';
import { fixture } from '../lib/site.mjs';
import { Watch } from '../lib/watch.mjs';

const { pageTest } = suite();
const LOG = fixture('symbols/logs/oops.log');
const VMLINUX = fixture('symbols/gcc5/vmlinux');
/** The same program by another compiler. */
const ANOTHER = fixture('symbols/clang5/vmlinux');
/** The frames of the log in their order, with their lines. */
const { frames: FRAMES } = JSON.parse(await readFile(fixture('symbols/logs/oops.json'), 'utf8'));
const CLIPBOARD = { permissions: ['clipboard-read', 'clipboard-write'] };

let directory;
before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'oopscope-symbols-'));
});
after(() => rm(directory, { recursive: true }));

/** Function and place of every row of the stack. */
function rows(page) {
  return page.locator('#stack tr.frame').evaluateAll((all) => all.map((row) => ({
    inlined: row.innerText.includes(' inlined'),
    place: row.querySelector('.src')?.textContent ?? null,
    text: row.innerText,
  })));
}

/** The stack has the lines that it should, innermost first, and no others. */
async function check(page) {
  await page.locator('#stack .src').first().waitFor();
  const place = ({ file, line }) => `${file}:${line}`;
  const expected = FRAMES.flatMap(({ spots, alternatives = [], why }) => spots.map((spot, i) => ({
    name: spot.function,
    inlined: i < spots.length - 1,
    // What the log does not tell apart may be the one or the other, and says so.
    places: alternatives.length === 0 || /caller/.test(why) ? [place(spot)] : alternatives.map((other) => place(other[i])),
  })));
  const all = await rows(page);
  assert.equal(all.length, expected.length);
  for (const [i, { name, inlined, places }] of expected.entries()) {
    const row = all[i];
    assert.ok(places.includes(row.place), `${row.place} is one of ${places}`);
    assert.equal(row.inlined, inlined, row.text);
    if (inlined) assert.match(row.text, new RegExp(`\\b${name}\\b`));
    for (const other of places) if (other !== row.place) assert.match(row.text, new RegExp(`may also be ${RegExp.escape?.(other) ?? other}`));
  }
  assert.match(await words(page, '#symbolized'), /^Source lines for (\d+) of \1 frames from vmlinux \(matched by /);
}

async function dialog(page) {
  await page.locator('#symbols').click();
  await page.locator('#symbols-dialog').waitFor();
}

pageTest('a log and its vmlinux dropped together', async ({ page }) => {
  await drop(page, [VMLINUX, LOG]);
  await shown(page);
  await check(page);
  assert.equal(await page.locator('#read-as-one').count(), 0, 'one of them is no log');
  await examine(page, 'report with source lines');
  await dialog(page);
  assert.match(await words(page, '#symbols-dialog .symbol-files tbody'), /vmlinux.*build-id [0-9a-f]{40}.*with source lines.*used, matched by/);
  await examine(page, 'symbols');
  await page.keyboard.press('Escape');
  await page.locator('#symbols-dialog').waitFor({ state: 'detached' });
});

pageTest('a vmlinux dropped after the log, and forgotten', async ({ page }) => {
  await drop(page, LOG);
  const before = await shown(page);
  assert.equal((await rows(page)).filter(({ place }) => place).length, 0);
  await drop(page, VMLINUX);
  await check(page);
  assert.equal((await shown(page)).title, before.title);
  await dialog(page);
  await page.locator('#forget-symbols').click();
  await page.locator('#symbols-dialog', { hasText: 'No files yet' }).waitFor();
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => document.querySelectorAll('#stack .src').length === 0);
  assert.deepEqual((await shown(page)).stack, before.stack);
});

pageTest('a vmlinux first, then the log', async ({ page }) => {
  await drop(page, VMLINUX);
  await page.locator('#symbols').waitFor();
  await dialog(page);
  assert.match(await words(page, '#symbols-dialog'), /No log is open yet/);
  await page.keyboard.press('Escape');
  await drop(page, LOG);
  await shown(page);
  await check(page);
});

pageTest('a vmlinux of another build gives no line, and that is seen beside the stack', async ({ page }) => {
  await drop(page, [LOG, ANOTHER]);
  await shown(page);
  const note = page.locator('.stacks .note[data-file="vmlinux"]');
  await note.waitFor();
  assert.match(await note.innerText(), /7699b8e08b81db3382c60969c139faa365a7d3c6|build/);
  assert.equal(await page.locator('#stack .src').count(), 0);
  await dialog(page);
  assert.match(await words(page, '#symbols-dialog .symbol-files tbody'), /of another build/);
});

pageTest('a folder with log, vmlinux and source: the lines, and the source around them', async ({ page }) => {
  const folder = path.join(directory, 'crash');
  await mkdir(folder);
  await cp(LOG, path.join(folder, 'console.log'));
  await cp(VMLINUX, path.join(folder, 'vmlinux'));
  await cp(fixture('symbols/source'), path.join(folder, 'src'), { recursive: true });
  await drop(page, folder);
  await shown(page);
  await page.locator('#stack .src').first().waitFor();

  // The second frame that has a place: by the keyboard.
  const frame = page.locator('#stack tr.frame', { hasText: 'kernel_main' });
  await frame.locator('.nr').click();
  await page.keyboard.press('Tab');
  assert.match(await page.evaluate(() => document.activeElement.textContent), /main\.c:51$/);
  await page.keyboard.press('Enter');
  const here = page.locator('.source .here');
  await here.waitFor();
  const source = (await readFile(fixture('symbols/source/main.c'), 'utf8')).split('\n');
  assert.equal(await here.textContent(), `51${source[50]}`);
  assert.ok((await page.locator('.source div').count()) > 7);
  assert.match(await words(page, '.source-row .why'), /Out of crash\/src\/main\.c/);
  assert.match(await page.evaluate(() => document.activeElement.textContent), /main\.c:51$/, 'the focus stays');
  await page.keyboard.press('Enter');
  await here.waitFor({ state: 'detached' });
  await frame.locator('.src').click();
  await here.waitFor();
  await examine(page, 'source');
});

pageTest('a folder of source dropped later; without one, a link by the template that the user typed', async ({ page, watch }) => {
  await drop(page, [LOG, VMLINUX]);
  await shown(page);
  await check(page);
  const place = page.locator('#stack tr.frame', { hasText: 'kernel_main' }).locator('.src');
  await place.click();
  const row = page.locator('.source-row');
  await row.locator('.why', { hasText: 'Drop the folder' }).waitFor();
  assert.match(await row.innerText(), /name a source browser under Symbols/);
  assert.equal(await row.locator('a').count(), 0);

  await dialog(page);
  const field = page.locator('#source-link');
  await field.fill('javascript:alert(1)//{path}');
  await field.press('Tab');
  await page.locator('#symbols-dialog [role="alert"]', { hasText: 'https://' }).waitFor();
  await field.fill('https://source.example/{release}{path}#L{line}');
  await field.press('Tab');
  await page.locator('#symbols-dialog [role="alert"]').waitFor({ state: 'detached' });
  await page.keyboard.press('Escape');
  const link = row.locator('a');
  await link.waitFor();
  assert.match(await link.getAttribute('href'), /^https:\/\/source\.example\/6\.1\.0-fixture\/.*main\.c#L51$/);
  assert.equal(await link.getAttribute('rel'), 'noopener noreferrer');
  // It is remembered.
  await watch.whileLoading(async () => {
    await page.reload();
    await ready(page);
  });
  assert.equal(await page.evaluate(() => localStorage.getItem('oopscope-source-link')), 'https://source.example/{release}{path}#L{line}');

  await drop(page, [LOG, VMLINUX]);
  await shown(page);
  await check(page);
  await drop(page, fixture('symbols/source'));
  await page.locator('#said', { hasText: 'of symbols or source' }).waitFor({ state: 'attached' });
  await page.locator('#stack tr.frame', { hasText: 'kernel_main' }).locator('.src').click();
  await page.locator('.source .here').waitFor();
});

pageTest('a link holds the lines: whoever opens it needs no files', CLIPBOARD, async ({ page, browser }) => {
  await drop(page, [LOG, VMLINUX]);
  await shown(page);
  await check(page);
  const lines = (await rows(page)).map(({ place }) => place);
  await page.locator('#share').click();
  await page.locator('#share-copy').click();
  await page.locator('#share-copy', { hasText: 'Link copied' }).waitFor();
  const address = await page.evaluate(() => navigator.clipboard.readText());
  const context = await browser.newContext();
  context.setDefaultTimeout(15_000);
  try {
    const watch = await Watch.over(context);
    const other = await context.newPage();
    await visit(other, address, watch);
    await shown(other);
    assert.deepEqual((await rows(other)).map(({ place }) => place), lines);
    assert.equal(await other.locator('#symbolized').count(), 0, 'no file is at hand there');
    watch.check();
  } finally {
    await context.close();
  }
});

pageTest('a tree of thousands of files is no wait', async ({ page }) => {
  const folder = path.join(directory, 'linux');
  for (let i = 0; i < 60; i++) {
    await mkdir(path.join(folder, `d${i}`), { recursive: true });
    await Promise.all(Array.from({ length: 50 }, (_, n) => writeFile(path.join(folder, `d${i}`, `f${n}.c`), `int f${n};\n`)));
  }
  await drop(page, LOG);
  await shown(page);
  const before = Date.now();
  await drop(page, folder);
  await page.locator('#said', { hasText: 'of symbols or source' }).waitFor({ state: 'attached' });
  assert.ok(Date.now() - before < 10_000, `${Date.now() - before} ms`);
  await inState(page, 'open');
});

pageTest('a dead engine gets the files again', async ({ page, watch }) => {
  await drop(page, LOG);
  await shown(page);
  await drop(page, VMLINUX);
  await check(page);
  await watch.whileLoading(async () => {
    await page.evaluate(() => dispatchEvent(new Event('oopscope-kill-engine')));
    await page.locator('#stopped', { hasText: 'has opened' }).waitFor();
    await check(page);
  });
});

for (const width of [375, 1024]) {
  pageTest(`source lines fit ${width} px`, { viewport: { width, height: 800 } }, async ({ page }) => {
    await pick(page, [LOG, VMLINUX, fixture('symbols/source/main.c')]);
    await shown(page);
    await page.locator('#stack .src').first().waitFor();
    await page.locator('#stack tr.frame', { hasText: 'kernel_main' }).locator('.src').click();
    await page.locator('.source-row .why').waitFor();
    const wide = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok((await wide()) <= 0, 'report');
    await dialog(page);
    assert.ok((await wide()) <= 0, 'symbols');
  });
}
