// A person without a mouse: every step by keys alone, with the focus in sight and given back.

import assert from 'node:assert/strict';
import { suite } from '../lib/page.mjs';
import { shown, words } from '../lib/report.mjs';

const { pageTest } = suite();

/** The element that has the focus: what it is and whether one sees it. */
const focus = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
    return {
      tag: element.tagName,
      id: element.id,
      text: element.innerText?.trim().slice(0, 80) ?? '',
      example: element.dataset.example,
      seen: outlined || style.boxShadow !== 'none',
      inDialog: Boolean(element.closest('dialog')),
    };
  });

/** Presses Tab until the focus is where it is wanted; every stop on the way must be seen. */
async function tabTo(page, wanted, { key = 'Tab', most = 60 } = {}) {
  for (let presses = 0; presses < most; presses++) {
    await page.keyboard.press(key);
    const at = await focus(page);
    if (at.tag !== 'BODY') assert.ok(at.seen, `the focus is not seen on ${JSON.stringify(at)}`);
    if (wanted(at)) return at;
  }
  assert.fail(`not reached in ${most} presses of ${key}: ${wanted}`);
}

const frame = (page) =>
  page.evaluate(() => {
    const row = document.querySelector('#stack tr.sel');
    return row && { line: row.dataset.line, focused: row === document.activeElement, text: row.innerText };
  });

pageTest('from the start page to an example, its frames, reports, views, search, share and help', async ({ page }) => {
  await tabTo(page, (at) => at.example === 'two-oopses');
  await page.keyboard.press('Enter');
  const first = await shown(page);
  assert.match(first.title, /guest_first_null_write/);

  // Frames: the log line goes along.
  await page.keyboard.press('j');
  const top = await frame(page);
  assert.ok(top.focused, 'the focus goes along with the frame');
  assert.ok((await focus(page)).seen);
  await page.keyboard.press('j');
  const second = await frame(page);
  assert.notEqual(second.line, top.line);
  const twin = page.locator(`#log-${second.line}`);
  assert.equal(await twin.getAttribute('aria-selected'), 'true');
  assert.ok(await twin.evaluate((row) => {
    const list = row.closest('.lines').getBoundingClientRect();
    const box = row.getBoundingClientRect();
    return box.top >= list.top && box.bottom <= list.bottom;
  }), 'its log line is in sight');
  await page.keyboard.press('k');
  assert.equal((await frame(page)).line, top.line);
  await page.keyboard.press('ArrowDown');
  assert.equal((await frame(page)).line, second.line, 'the arrows do the same inside the stack');
  await page.keyboard.press('Escape');
  assert.equal(await frame(page), null, 'Esc drops the selection');

  // Reports.
  await page.keyboard.press(']');
  await page.locator('#title', { hasText: 'guest_second_null_read' }).waitFor();
  assert.match(await words(page, '#report-list [aria-current="true"]'), /^#2/);
  assert.match(await page.locator('#said').textContent(), /^Report 2 of 2:/, 'a screen reader is told');
  await page.keyboard.press(']');
  await page.keyboard.press('[');
  await page.locator('#title', { hasText: 'guest_first_null_write' }).waitFor();

  // Views and search.
  await page.keyboard.press('g');
  await page.keyboard.press('l');
  await page.locator('.log-view').waitFor();
  await page.keyboard.press('g');
  await page.keyboard.press('r');
  await page.locator('#title').waitFor();
  await page.keyboard.press('/');
  await page.locator('.log-view').waitFor();
  assert.equal((await focus(page)).id, 'find');
  await page.keyboard.type('call trace');
  await page.keyboard.press('Enter');
  await page.locator('#find-outcome', { hasText: /^line \d+/ }).waitFor();
  const hit = page.locator('#log .row.sel');
  assert.match(await hit.innerText(), /Call Trace:/);
  assert.equal(await hit.locator('mark').innerText(), 'Call Trace');
  const found = await hit.getAttribute('data-line');
  await page.keyboard.press('Enter');
  await page.waitForFunction((old) => document.querySelector('#log .row.sel')?.dataset.line > old, found);
  await page.keyboard.press('Shift+Enter');
  await page.waitForFunction((old) => document.querySelector('#log .row.sel')?.dataset.line === old, found);

  // Inside the list of lines.
  await tabTo(page, (at) => at.id === 'log');
  await page.keyboard.press('End');
  const last = await page.locator('#log .row').last().getAttribute('data-line');
  assert.equal(await page.locator('#log .row.sel').getAttribute('data-line'), last);
  await page.keyboard.press('Home');
  assert.equal(await page.locator('#log .row.sel').getAttribute('data-line'), '1');

  // Share: the focus goes in, stays in, and comes back.
  await tabTo(page, (at) => at.id === 'share', { key: 'Shift+Tab' });
  await page.keyboard.press('Enter');
  await page.locator('#share-preview').waitFor();
  for (let presses = 0; presses < 25; presses++) {
    const at = await focus(page);
    assert.ok(at.inDialog || at.tag === 'BODY', `the focus has left the dialog: ${JSON.stringify(at)}`);
    await page.keyboard.press('Tab');
  }
  await tabTo(page, (at) => at.id === 'share-copy');
  await page.keyboard.press('Escape');
  await page.locator('#share-dialog').waitFor({ state: 'detached' });
  assert.equal((await focus(page)).id, 'share', 'the focus is back where it was');

  // Help.
  await page.keyboard.press('?');
  await page.locator('#help-dialog').waitFor();
  assert.match(await words(page, '#help-dialog'), /next, previous frame of the stack/);
  await page.keyboard.press('s');
  assert.equal(await page.locator('#share-dialog').count(), 0, 'keys do nothing behind a dialog');
  await page.keyboard.press('Escape');
  await page.locator('#help-dialog').waitFor({ state: 'detached' });
  assert.equal((await focus(page)).id, 'share');

  // And back to the start, from where the log can be returned to.
  await page.keyboard.press('g');
  await page.keyboard.press('o');
  await page.locator('#paste').waitFor();
  await tabTo(page, (at) => at.text === 'Back to it', { key: 'Tab' });
  await page.keyboard.press('Enter');
  await page.locator('#title').waitFor();
});

pageTest('what is typed into a field is no command', async ({ page }) => {
  await page.locator('[data-example="two-oopses"]').click();
  await shown(page);
  await page.keyboard.press('/');
  await page.locator('#find').waitFor();
  await page.keyboard.type('?sgrjk[]');
  assert.equal(await page.locator('#find').inputValue(), '?sgrjk[]');
  assert.equal(await page.locator('dialog').count(), 0);
  await page.locator('.log-view').waitFor();
});

pageTest('a claim of the verdict leads to its evidence by Enter', async ({ page }) => {
  await page.locator('[data-example="two-oopses"]').click();
  await shown(page);
  await tabTo(page, (at) => at.text === '0x100');
  await page.keyboard.press('Enter');
  const selected = page.locator('#log .row.sel');
  await selected.waitFor();
  assert.match(await selected.innerText(), /NULL pointer dereference, address: 0000000000000100/);
});

pageTest('the skip link is the first stop and leads past the bar', async ({ page }) => {
  await page.keyboard.press('Tab');
  const at = await focus(page);
  assert.equal(at.text, 'Skip to the content');
  assert.ok(at.seen);
  await page.keyboard.press('Enter');
  assert.equal((await focus(page)).id, 'main');
  assert.ok(!page.url().includes('#'), 'the fragment is a link\'s place');
});
