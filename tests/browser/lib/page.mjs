// One way to write a test of the page: a profile of its own, the page loaded and its engine ready, under the watch of
// lib/watch.mjs, and a picture of it when the test fails.
//
//   const { pageTest } = suite();
//   pageTest('a dropped log is read', async ({ page, watch, url }) => { … });

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import AxeBuilder from '@axe-core/playwright';
import { launch } from './chromium.mjs';
import { ROOT, serve } from './site.mjs';
import { Watch } from './watch.mjs';

/** Longest time for one test, so that a page that hangs fails instead of hanging the run. */
const TIMEOUT = 60_000;
/** Longest time for one step in the page. */
const STEP = 15_000;
/** Where pictures of failed tests go. */
const RESULTS = path.join(ROOT, 'tests/browser/results');

/** Sets a file of tests up: one server, one browser. */
export function suite() {
  const shared = {};
  before(async () => {
    [shared.server, shared.browser] = await Promise.all([serve(), launch()]);
  });
  after(async () => {
    await shared.browser?.close();
    await shared.server?.stop();
  });

  /**
   * A test with a page that is ready. With `open: false` the page is blank, for a test that has a server of its own
   * (`visit` opens it). The other options go to the new context.
   */
  function pageTest(name, options, body) {
    if (typeof options === 'function') return pageTest(name, {}, options);
    const { open = true, timeout = TIMEOUT, ...contextOptions } = options;
    return test(name, { timeout }, async () => {
      const context = await shared.browser.newContext(contextOptions);
      context.setDefaultTimeout(STEP);
      const watch = await Watch.over(context);
      const page = await context.newPage();
      const url = shared.server.url;
      try {
        if (open) await visit(page, url, watch);
        await body({ page, context, watch, url, browser: shared.browser });
        watch.check();
      } catch (error) {
        await mkdir(RESULTS, { recursive: true });
        const picture = path.join(RESULTS, `${name.replace(/[^a-z0-9]+/gi, '-')}.png`);
        await page.screenshot({ path: picture }).catch(() => {});
        throw error;
      } finally {
        await context.close();
      }
    });
  }

  return { pageTest };
}

/** axe finds nothing serious in what is on the screen. */
export async function examine(page, where) {
  // The other mode opens a page of its own to put the results together; there are no frames here to need that.
  const { violations, passes } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  assert.ok(passes.length > 10, `axe has looked at ${where}`);
  const grave = violations
    .filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .map(({ id, help, nodes }) => `${where}: ${id}: ${help}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`);
  assert.deepEqual(grave, []);
}

/** Opens the page and waits until it is loaded: engine ready, service worker in control. */
export async function visit(page, url, watch) {
  const load = async () => {
    await page.goto(url);
    await ready(page);
    await offlineReady(page);
  };
  await (watch ? watch.whileLoading(load) : load());
}

/** Waits until the engine answers. */
export async function ready(page) {
  await page.waitForFunction(() => document.body.dataset.engine === 'ready');
}

/** Waits until the page works with the network off. */
export async function offlineReady(page) {
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated');
}

/** Waits until the page is in a state (`open`, `failed`, …). */
export async function inState(page, state) {
  await page.waitForFunction((wanted) => document.body.dataset.state === wanted, state);
}

/** Opens files through the page's file input. */
export async function pick(page, files) {
  await page.locator('#file').setInputFiles(files);
}

/** Drops files onto the page, as the desktop does: the browser itself makes the event and the `File` objects. */
export async function drop(page, files, { x = 300, y = 300 } = {}) {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [files].flat(), dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop']) {
    await session.send('Input.dispatchDragEvent', { type, x, y, data });
  }
  await session.detach();
}

/** Opens text through the paste box. */
export async function paste(page, text) {
  await page.locator('#paste').fill(text);
  await page.locator('#paste-open').click();
}
