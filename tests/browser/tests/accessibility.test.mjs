// axe finds nothing serious, whatever is on the screen and in both themes.

import assert from 'node:assert/strict';
import { EVERYTHING, doctored, prose } from '../lib/doctored.mjs';
import { examine, inState, pick, suite, visit } from '../lib/page.mjs';
import { shown } from '../lib/report.mjs';
import { fixture } from '../lib/site.mjs';

const { pageTest } = suite();

for (const colorScheme of ['light', 'dark']) {
  pageTest(`axe finds nothing serious, ${colorScheme}`, { colorScheme }, async ({ page }) => {
    const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const bright = Number(/\d+/.exec(paper)[0]) > 127;
    assert.equal(bright, colorScheme === 'light', `the page is ${colorScheme}: ${paper}`);
    await examine(page, 'start page');

    await page.locator('[data-example="two-oopses"]').click();
    await shown(page);
    await page.keyboard.press('j');
    await examine(page, 'report');
    await page.keyboard.press(']');
    await page.locator('#title', { hasText: 'guest_second_null_read' }).waitFor();
    await examine(page, 'second report');

    await page.locator('#share').click();
    await page.locator('#share-preview').waitFor();
    await examine(page, 'share dialog');
    await page.keyboard.press('Escape');

    await page.keyboard.press('?');
    await page.locator('#help-dialog').waitFor();
    await examine(page, 'help');
    await page.keyboard.press('Escape');
    await page.locator('#requests').click();
    await page.locator('#requests-dialog').waitFor();
    await examine(page, 'requests');
    await page.keyboard.press('Escape');

    await page.keyboard.press('/');
    await page.locator('#find').fill('RIP');
    await page.keyboard.press('Enter');
    await page.locator('#log .row.sel').waitFor();
    await examine(page, 'log');
  });

  pageTest(`axe finds nothing serious in messages, ${colorScheme}`, { colorScheme }, async ({ page }) => {
    await page.locator('[data-example="hard-interrupt"]').click();
    await shown(page);
    await page.locator('#file').setInputFiles({ name: 'empty.log', mimeType: 'text/plain', buffer: Buffer.alloc(0) });
    await page.locator('#problem').waitFor();
    await examine(page, 'report with a problem');
  });

  pageTest(`axe finds nothing serious in a report with everything, ${colorScheme}`, { colorScheme, open: false },
    async ({ page, url, watch }) => {
      await doctored(page, { report: { ...EVERYTHING, links: [{ kind: 'causes', report: 1, words: prose('It may follow.') }] } });
      await visit(page, url, watch);
      await pick(page, fixture('guests/6.1/two_oopses.log'));
      await shown(page);
      await page.locator('#explanation .claim').first().click();
      await page.locator('#signature-parts summary').click();
      await examine(page, 'report with everything');
    });

  pageTest(`axe finds nothing serious among groups, ${colorScheme}`, { colorScheme }, async ({ page }) => {
    await page.locator('#folder').setInputFiles(fixture('guests/5.10'));
    await inState(page, 'triage');
    await page.locator('#groups button.fold').first().click();
    await examine(page, 'groups');
  });
}
