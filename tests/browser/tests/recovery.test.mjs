// The engine dies: the page says so, starts a fresh one, and opens the same again; but not for ever.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { writeLarge } from '../lib/logs.mjs';
import { inState, pick, ready, suite } from '../lib/page.mjs';
import { atOnce, shown, words } from '../lib/report.mjs';
import { fixture } from '../lib/site.mjs';

const { pageTest } = suite();

/** Megabytes after which crashes are in it. */
const CRASHES = { 3: 'guests/6.1/null_write.log', 6: 'guests/6.1/list_poison.log', 110: 'guests/6.1/bug.log' };

let directory, log;
before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'oopscope-recovery-'));
  log = path.join(directory, 'large.log');
  await writeLarge(log, 120, CRASHES);
});
after(() => rm(directory, { recursive: true }));

/** The page's own way for tests to end the engine as a crash would (crates/web/src/input.rs). */
const KILL = 'oopscope-kill-engine';
const kill = (page) => page.evaluate((event) => dispatchEvent(new Event(event)), KILL);

/** A fresh worker loads its files again: these requests are expected. */
const restarting = (watch, work) => watch.whileLoading(work);

pageTest('killed while it reads a large file, it starts anew and reads it to the end', { timeout: 120_000 },
  async ({ page, watch }) => {
    page.setDefaultTimeout(60_000);
    const killed = atOnce(page, '#opening .found', 'NULL pointer', { event: KILL });
    const said = atOnce(page, '#stopped', 'is opening');
    await restarting(watch, async () => {
      await pick(page, log);
      await killed;
      assert.match(await said, /^The engine stopped: .*\. A fresh one is opening large\.log again\./);
      await page.locator('#stopped', { hasText: 'A fresh one has opened large.log again.' }).waitFor();
    });
    await inState(page, 'open');
    await shown(page);
    assert.equal(await page.locator('#report-list button').count(), Object.keys(CRASHES).length);
    assert.doesNotMatch(await words(page, '#main'), /Cancelled after/);
    await page.locator('#stopped button').click();
    assert.equal(await page.locator('#stopped').count(), 0);
  });

pageTest('killed twice on the same file, it is not opened a third time', { timeout: 120_000 }, async ({ page, watch }) => {
  page.setDefaultTimeout(60_000);
  await page.locator('[data-example="two-oopses"]').click();
  const report = await shown(page);
  const first = atOnce(page, '#opening .figures', 'lines', { event: KILL });
  await restarting(watch, async () => {
    await pick(page, log);
    await first;
    await atOnce(page, '#stopped ~ #opening .figures', 'lines', { event: KILL });
    await page.locator('#problem').waitFor();
    await ready(page);
  });
  const said = await words(page, '#problem');
  assert.match(said, /The engine stopped twice on large\.log: .*It is not opened a third time\./);
  assert.match(said, /two-oopses is still open/, 'what was open before is what is open now');
  await page.waitForFunction(() => document.body.dataset.state !== 'opening');
  assert.equal(await page.locator('#title').innerText(), report.title);
  // It works: the report before is held by the fresh engine, and other files open.
  await page.locator('#share').click();
  await page.locator('#share-preview').waitFor();
  await page.keyboard.press('Escape');
  await pick(page, fixture('guests/6.12-arm64/null_write.log'));
  await page.locator('header .file[title="null_write.log"]').waitFor();
  await shown(page);
});

pageTest('killed while nothing goes on, it opens again what is open and leaves the view alone', async ({ page, watch }) => {
  await page.locator('[data-example="two-oopses"]').click();
  await shown(page);
  await page.keyboard.press(']');
  await page.locator('#title', { hasText: 'guest_second_null_read' }).waitFor();
  await page.keyboard.press('j');
  const before = await shown(page);
  const selected = await page.locator('#stack tr.sel').getAttribute('data-line');
  await restarting(watch, async () => {
    await kill(page);
    await page.locator('#stopped', { hasText: 'has opened example two-oopses again' }).waitFor();
  });
  assert.deepEqual(await shown(page), before);
  assert.equal(await page.locator('#stack tr.sel').getAttribute('data-line'), selected);
  await page.locator('#share').click();
  await page.locator('#share-preview').waitFor();
});

pageTest('an engine that does not start is not started for ever, and can be tried again', async ({ page, context, watch }) => {
  const broken = (route) => route.fulfill({ contentType: 'text/javascript', body: 'throw new Error("broken")' });
  await restarting(watch, async () => {
    // The service worker would answer with what it has kept.
    await page.evaluate(async () => {
      for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) if (request.url.endsWith('/worker.js')) await cache.delete(request);
      }
    });
    await context.route('**/worker.js', broken);
    await kill(page);
    await page.waitForFunction(() => document.body.dataset.engine === 'dead');
    assert.match(await words(page, '#main'), /The engine does not start: .*Try again/);
    await context.unroute('**/worker.js', broken);
    await page.getByRole('button', { name: 'Try again' }).click();
    await ready(page);
  });
  watch.take();
  await pick(page, fixture('guests/6.1/null_write.log'));
  await shown(page);
});
