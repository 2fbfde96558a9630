// Without a network, and without a server: after the first visit everything works all the same.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { paste, pick, ready, suite, visit } from '../lib/page.mjs';
import { shown, words } from '../lib/report.mjs';
import { fixture, serve } from '../lib/site.mjs';

const { pageTest } = suite();
const LOG = fixture('guests/6.1/irq_null_write.log');
const CLIPBOARD = { permissions: ['clipboard-read', 'clipboard-write'], open: false };

pageTest('after the first visit everything works with network and server gone', CLIPBOARD, async ({ page, context, watch }) => {
  const server = await serve();
  await visit(page, server.url, watch);
  assert.match(await words(page, '#status'), /works offline/);
  await server.stop();
  await context.setOffline(true);
  const open = (address) =>
    watch.whileLoading(async () => {
      await page.goto(address);
      await ready(page);
    });

  await open(server.url);
  await page.locator('[data-example="two-oopses"]').click();
  assert.match((await shown(page)).title, /guest_first_null_write/);

  await watch.whileLoading(async () => {
    await page.reload();
    await ready(page);
  });
  await pick(page, LOG);
  const picked = await shown(page);
  await page.locator('#share').click();
  await page.locator('#share-copy').click();
  await page.locator('#share-copy', { hasText: 'Link copied' }).waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());

  await page.goto('about:blank');
  await open(link);
  assert.equal((await shown(page)).verdict, picked.verdict);
  await page.locator('#link-note').waitFor();

  await open(server.url);
  await paste(page, await readFile(LOG, 'utf8'));
  assert.deepEqual(await shown(page), picked);

  // A worker that dies offline comes back offline.
  await watch.whileLoading(async () => {
    await page.evaluate(() => dispatchEvent(new Event('oopscope-kill-engine')));
    await page.locator('#stopped', { hasText: 'A fresh one has opened pasted text again' }).waitFor();
  });
  assert.deepEqual(await shown(page), picked);
});
