// The disassemblers are a module of their own: loaded with the first listing, and never the end of anything.

import assert from 'node:assert/strict';
import { pick, ready, suite } from '../lib/page.mjs';
import { shown, words } from '../lib/report.mjs';
import { fixture } from '../lib/site.mjs';

const { pageTest } = suite();

const CRASH = fixture('guests/6.1/null_write.log');
const OTHER = fixture('guests/6.12/null_write.log');
const MODULE = '**/disasm_bg.wasm';
/** Without a service worker, which would answer with what it has kept. */
const OPTIONS = { open: false, serviceWorkers: 'block' };

pageTest('a log that is dropped before the disassemblers are there waits for them', OPTIONS, async ({ page, context, url }) => {
  let letGo;
  const gate = new Promise((resolve) => (letGo = resolve));
  let asked = 0;
  await context.route(MODULE, async (route) => {
    asked += 1;
    await gate;
    await route.continue();
  });
  await page.goto(url);
  await ready(page);
  await pick(page, CRASH);
  await page.waitForFunction(() => document.body.dataset.state === 'open');
  assert.equal(await page.locator('#listing').count(), 0);
  letGo();
  await page.locator('#listing tr.trap').waitFor();
  assert.equal(asked, 1);
});

for (const [what, answer] of [
  ['missing', { status: 404, body: '' }],
  ['damaged', { contentType: 'application/wasm', body: 'no module' }],
]) {
  pageTest(`disassemblers that are ${what} leave the reason, and the next log tries again`, OPTIONS,
    async ({ page, context, url, watch }) => {
      const broken = (route) => route.fulfill(answer);
      await context.route(MODULE, broken);
      await page.goto(url);
      await ready(page);
      await pick(page, CRASH);
      await shown(page);
      assert.match(await words(page, '#listing-problem'), /the disassembler could not be loaded/);
      assert.equal(await page.evaluate(() => document.body.dataset.engine), 'ready');
      await context.unroute(MODULE, broken);
      await pick(page, OTHER);
      await page.locator('#listing tr.trap').waitFor();
      assert.equal(await page.locator('#listing-problem').count(), 0);
      // The browser says what it could not load.
      watch.take();
    });
}
