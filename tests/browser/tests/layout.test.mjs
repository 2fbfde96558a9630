// The page fits its window: from a phone to a wide screen nothing makes it scroll sideways.

import assert from 'node:assert/strict';
import { EVERYTHING, doctored } from '../lib/doctored.mjs';
import { paste, pick, suite, visit } from '../lib/page.mjs';
import { shown } from '../lib/report.mjs';
import { fixture } from '../lib/site.mjs';

const { pageTest } = suite();

/** Fails when the document is wider than the window, naming what sticks out; or when a button can't be reached. */
async function fits(page, where) {
  const found = await page.evaluate(() => {
    const root = document.documentElement;
    const width = root.clientWidth;
    const scrolls = (element) => {
      for (let parent = element.parentElement; parent; parent = parent.parentElement) {
        if (getComputedStyle(parent).overflowX !== 'visible') return true;
      }
      return false;
    };
    const outside = [...document.querySelectorAll('#app *')]
      .filter((element) => {
        const box = element.getBoundingClientRect();
        return box.width > 0 && (box.right > width + 1 || box.left < -1) && !scrolls(element)
          && !element.closest('.unseen, .skip');
      })
      .map((element) => `${element.tagName}.${element.className}#${element.id}`);
    return { wide: root.scrollWidth, window: width, outside };
  });
  assert.ok(found.wide <= found.window, `${where}: ${found.wide} px in ${found.window}: ${found.outside.slice(0, 5)}`);
  assert.deepEqual(found.outside, [], `${where} at ${found.window} px`);
}

for (const width of [375, 1024, 1920]) {
  pageTest(`nothing sticks out at ${width} px`, { viewport: { width, height: 800 } }, async ({ page }) => {
    await fits(page, 'start page');
    await page.locator('[data-example="two-oopses"]').click();
    await shown(page);
    await fits(page, 'report');
    await page.keyboard.press('j');
    await page.locator('#stack tr.sel').waitFor();
    await fits(page, 'report with a selected frame');
    await page.locator('#share').click();
    await page.locator('#share-preview').waitFor();
    await fits(page, 'share dialog');
    const dialog = await page.locator('#share-dialog').boundingBox();
    assert.ok(dialog.x >= 0 && dialog.x + dialog.width <= width, 'the dialog is inside the window');
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.locator('#help-dialog').waitFor();
    await fits(page, 'help');
    await page.keyboard.press('Escape');
    await page.locator('#requests').click();
    await page.locator('#requests-dialog').waitFor();
    await fits(page, 'requests');
    await page.keyboard.press('Escape');
    await page.keyboard.press('/');
    await page.locator('.log-view').waitFor();
    await fits(page, 'log');

    // What is long: names, lines without a space, messages.
    const long = 'x'.repeat(300);
    await pick(page, { name: `${long}.bin`, mimeType: 'application/octet-stream', buffer: Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]) });
    await page.locator('#problem').waitFor();
    await fits(page, 'a message with a long name');
    await page.keyboard.press('Escape');
    await pick(page, { name: `${long}.log`, mimeType: 'text/plain', buffer: Buffer.from(long.repeat(20)) });
    await page.locator(`header .file[title="${long}.log"]`).waitFor();
    await fits(page, 'a log with a long name and a long line');
    for (const button of ['#open-file', '#share', '#help']) assert.ok(await page.locator(button).isVisible(), button);
  });
}

pageTest('every example fits a phone', { viewport: { width: 375, height: 800 } }, async ({ page }) => {
  const names = await page.locator('[data-example]').evaluateAll((buttons) => buttons.map((button) => button.dataset.example));
  assert.ok(names.length >= 5);
  for (const name of names) {
    await page.locator(`[data-example="${name}"]`).click();
    await shown(page);
    await fits(page, name);
    await page.keyboard.press('g');
    await page.keyboard.press('o');
  }
});

pageTest('stack and log stand side by side where there is room, and below each other where not', async ({ page }) => {
  await pick(page, fixture('guests/6.1/irq_null_write.log'));
  await shown(page);
  const places = async () => {
    const [stack, log] = [await page.locator('#stack').boundingBox(), await page.locator('#log').boundingBox()];
    return stack.x + stack.width <= log.x ? 'beside' : stack.y + stack.height <= log.y ? 'below' : 'over';
  };
  await page.setViewportSize({ width: 1400, height: 900 });
  assert.equal(await places(), 'beside');
  await page.setViewportSize({ width: 375, height: 900 });
  assert.equal(await places(), 'below');
});

for (const width of [375, 1024]) {
  pageTest(`a report with everything fits ${width} px`, { viewport: { width, height: 800 }, open: false }, async ({ page, url, watch }) => {
    await doctored(page, { report: EVERYTHING });
    await visit(page, url, watch);
    await pick(page, fixture('guests/6.1/irq_null_write.log'));
    await shown(page);
    await fits(page, 'report with everything');
  });
}

pageTest('pasted text has a name that fits', { viewport: { width: 375, height: 800 } }, async ({ page }) => {
  await paste(page, 'nothing to see');
  await page.locator('#no-report').waitFor();
  await fits(page, 'pasted text');
});

pageTest('a folded run among the frames leaves the others their width', { viewport: { width: 375, height: 800 } }, async ({ page }) => {
  await pick(page, fixture('guests/6.1/irq_null_write.log'));
  await shown(page);
  await page.locator('#stack tr.run').first().waitFor();
  const heights = await page.locator('#stack tr.frame').evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height));
  assert.ok(Math.max(...heights) < 70, `${Math.max(...heights)} px`);
});
