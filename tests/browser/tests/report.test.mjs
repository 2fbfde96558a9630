// What a report shows besides its stack: words with their evidence, who else could be it, ties, the code, many stacks.

import assert from 'node:assert/strict';
import { EVERYTHING, doctored, prose, stack } from '../lib/doctored.mjs';
import { inState, pick, suite, visit } from '../lib/page.mjs';
import { shown, words } from '../lib/report.mjs';
import { fixture } from '../lib/site.mjs';

const { pageTest } = suite();
const ONE = fixture('guests/6.1/irq_null_write.log');
const SEVERAL = fixture('guests/6.1/two_oopses.log');
const CLIPBOARD = { permissions: ['clipboard-read', 'clipboard-write'] };

/** A test of a report with these fields; the page is loaded with them and the log is open. */
const reportTest = (name, options, fields, body, log = ONE) =>
  pageTest(name, { open: false, ...options }, async (fixtures) => {
    await doctored(fixtures.page, fields);
    await visit(fixtures.page, fixtures.url, fixtures.watch);
    await pick(fixtures.page, log);
    await shown(fixtures.page);
    await body(fixtures);
  });

const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());
const selected = (page) => page.locator('#log .row.sel').getAttribute('data-line');

reportTest('the explanation leads to its lines, marks its guesses, and its commands can be copied', CLIPBOARD,
  { report: EVERYTHING }, async ({ page }) => {
    const headings = await page.locator('#explanation h2').allInnerTexts();
    assert.deepEqual(headings.map((text) => text.toLowerCase()), ['what the evidence says', 'innocent', 'what to do next']);
    await page.locator('#explanation .claim', { hasText: '8-byte write' }).click();
    assert.equal(await selected(page), '2');
    const guess = page.locator('#explanation .guess');
    assert.match(await guess.innerText(), /freed by the same task.*\(inferred\)/);
    await page.locator('#explanation .claim', { hasText: 'insmod' }).focus();
    await page.keyboard.press('Enter');
    assert.equal(await selected(page), '5');
    await page.getByRole('button', { name: 'Copy kasan.stacktrace=on' }).click();
    await page.locator('#said', { hasText: 'Copied.' }).waitFor({ state: 'attached' });
    assert.equal(await clipboard(page), 'kasan.stacktrace=on');
  });

for (const [width, open] of [[1400, true], [375, false]]) {
  reportTest(`what the kind means is always there, ${open ? 'open' : 'folded'} at ${width} px`,
    { viewport: { width, height: 900 } }, { report: EVERYTHING }, async ({ page }) => {
      const paragraph = page.locator('#about p').first();
      assert.equal(await paragraph.isVisible(), open);
      if (!open) await page.locator('#about summary').click();
      assert.match(await paragraph.innerText(), /memory was used after it had been given back/);
    });
}

reportTest('the culprit has its reason, runners-up and subsystem theirs, and the signature its parts', CLIPBOARD,
  { report: EVERYTHING }, async ({ page }) => {
    const text = await words(page, '#identity');
    assert.match(text, /Culprit guest_free \[oops_guest\]\+0x3c drivers\/guest\/free\.c:42 the innermost frame that is no helper/);
    assert.match(text, /Else guest_start \[oops_guest\] it called the culprit do_init_module module loading/);
    assert.match(text, /Subsystem memory management \(inferred\) the culprit lies in mm\//);
    await page.locator('#identity .claim', { hasText: 'do_init_module' }).click();
    assert.equal(await selected(page), '8');
    await page.getByRole('button', { name: 'Copy 0123456789abcdef' }).click();
    await page.locator('#said', { hasText: 'Copied.' }).waitFor({ state: 'attached' });
    assert.equal(await clipboard(page), '0123456789abcdef');
    await page.locator('#signature-parts summary').click();
    assert.deepEqual(await page.locator('#signature-parts li').allInnerTexts(), EVERYTHING.signature.parts);
  });

reportTest('other titles, damage, mixed lines and the kind’s own facts are said', {}, { report: EVERYTHING }, async ({ page }) => {
  assert.match(await words(page, '.also'), /also: KASAN: use-after-free Write in guest_free/);
  assert.match(await words(page, '#damaged'), /ends in the middle of its call trace/);
  assert.match(await words(page, '#interleaved'), /told apart without caller ids.*a guess/);
  assert.match(await words(page, '#details'), /access size 8 a pointer’s width cache kmalloc-256/);
  await page.locator('#details .claim', { hasText: 'kmalloc-256' }).click();
  assert.equal(await selected(page), '3');
});

const TIED = {
  each: {
    0: { links: [{ kind: 'causes', report: 1, words: prose('Report 2 waits for ', ['the lock', 3], ' that this task held.') }] },
    1: { may_follow_from: 0, links: [{ kind: 'waits-for', report: 0, words: prose('This task waits for a lock of report 1.') }] },
  },
  rows: { 0: { ties: [{ kind: 'causes', report: 1 }] }, 1: { may_follow_from: null, ties: [{ kind: 'waits-for', report: 0 }] } },
};

reportTest('ties lead from report to report, and the list shows them', {}, TIED, async ({ page }) => {
  const rows = await page.locator('#report-list button').allInnerTexts();
  assert.match(rows[1], /waits for #1/);
  await page.getByRole('button', { name: 'Show report #2' }).click();
  await page.locator('#title', { hasText: 'guest_second_null_read' }).waitFor();
  assert.match(await words(page, '.ties'), /waits for a lock of report 1/);
  await page.getByRole('button', { name: 'Show report #1' }).click();
  await page.locator('#title', { hasText: 'guest_first_null_write' }).waitFor();
}, SEVERAL);

reportTest('the listing marks the trap, says what is guessed, and its syntax is remembered', CLIPBOARD,
  { report: EVERYTHING }, async ({ page, url, watch }) => {
    const rows = async () => (await page.locator('#listing tbody tr').allInnerTexts()).map((row) => row.replace(/\s+/g, ' ').trim());
    assert.match((await rows())[1], /^0 c7 00 78 00 00 00 movl \$0x78,\(%rax\).*rax = 0x100 · \(%rax\) = the faulting address$/);
    assert.equal(await page.locator('#listing tr.trap').count(), 1);
    assert.equal(await page.locator('#listing tr.guess').count(), 1, 'only what stands before the trap can be guessed');
    assert.match(await words(page, '#code'), /best guess.*2 bytes at the beginning left out/);
    await page.locator('[data-syntax="intel"]').click();
    assert.match((await rows())[0], /^-0x3 48 89 e5 mov rbp,rsp$/);
    await page.locator('#copy-listing').click();
    await page.locator('#said', { hasText: 'Copied.' }).waitFor({ state: 'attached' });
    assert.equal(await clipboard(page), [
      '-0x3:  48 89 e5           mov    rbp,rsp',
      '   0:* c7 00 78 00 00 00  mov    DWORD PTR [rax],0x78  <-- trapping instruction  ; rax = 0x100; (%rax) = the faulting address',
      '+0x6:  c3                 ret',
      '',
    ].join('\n'));
    await visit(page, url, watch);
    await pick(page, ONE);
    await shown(page);
    assert.match((await rows())[0], /rbp,rsp/, 'after a reload, too');
  });

const { listing, ...unlisted } = EVERYTHING.code;
reportTest('bytes without a listing are shown with the reason', {},
  { report: { code: { ...unlisted, listing_problem: 'no instruction begins at the marked byte' } } }, async ({ page }) => {
    assert.match(await words(page, '#listing-problem'), /no instruction begins at the marked byte/);
    assert.match(await words(page, '#code .bytes'), /48 89 e5 c7 00/);
    assert.equal(await page.locator('#listing').count(), 0);
  });

const CPUS = Array.from({ length: 400 }, (_, cpu) =>
  stack('other-party', `CPU ${cpu}`, 1000 + cpu * 40, Array.from({ length: 30 }, (_, i) => `idle_${i}`)));
const STACKS = [
  stack('freed', 'Freed by task 93', 20, ['kfree', 'guest_free']),
  stack('crash', 'Where it crashed', 10, ['guest_use', 'guest_start']),
  ...CPUS,
];

reportTest('the crash comes first, and hundreds of other stacks are folded and open at once', {},
  { report: { stacks: STACKS } }, async ({ page }) => {
    const rows = async () => (await page.locator('#stack tr').allInnerTexts()).map((row) => row.replace(/\s+/g, ' ').trim());
    const first = await rows();
    assert.match(first[0], /^Where it crashed/);
    assert.match(first[1], /guest_use/);
    assert.match(first[3], /Freed by task 93/);
    assert.match(first[6], /CPU 0 — 30 frames, idle_0$/);
    assert.ok(first.length < 50, `${first.length} rows`);
    assert.match(first.at(-1), /378 more stacks/);

    // Opening all of them, and a step in the stack after that, must not hold the page up.
    const took = await page.evaluate(async () => {
      const begin = performance.now();
      document.getElementById('more-stacks').click();
      await new Promise((resolve) => {
        const look = () => (document.querySelectorAll('#stack tr').length > 400 ? resolve() : requestAnimationFrame(look));
        look();
      });
      return performance.now() - begin;
    });
    assert.ok(took < 1000, `${Math.round(took)} ms`);
    await page.keyboard.press('j');
    await page.locator('#stack tr.sel', { hasText: 'guest_use' }).waitFor();
    await page.locator('#more-stacks').click();
    assert.ok((await rows()).length < 50, 'and closed again');
  });

const SOURCES = stack('crash', 'Where it crashed', 10, ['guest_use', 'guest_start']);
Object.assign(SOURCES.frames[1], { inlined: true, file: 'drivers/guest/use.c', file_line: 12 });

reportTest('a frame has its source where the log has it, and an inlined one says so', {},
  { report: { stacks: [SOURCES] } }, async ({ page }) => {
    const row = page.locator('#stack tr.frame').nth(1);
    assert.match((await row.innerText()).replace(/\s+/g, ' '), /guest_start\+0x11\/0x40 inlined drivers\/guest\/use\.c:12/);
    assert.match(await row.getAttribute('title'), /no address of its own/);
  });

pageTest('of a real report the words lead to lines of that report', async ({ page }) => {
  await pick(page, ONE);
  await inState(page, 'open');
  await shown(page);
  const claims = page.locator('#explanation .claim, #identity .claim, #details .claim');
  const [first, last] = (await page.locator('.beside h2 span').innerText()).match(/\d+/g).map(Number);
  for (let i = 0; i < await claims.count(); i++) {
    await claims.nth(i).click();
    const line = Number(await selected(page));
    // The kernel prints what taints it before the report.
    assert.ok(line <= last, `${line} is not of ${first} to ${last}`);
  }
});
