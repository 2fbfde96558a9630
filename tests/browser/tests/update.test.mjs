// An update: it waits until the page asks for it, two builds are never mixed, and a page of the old one goes on.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before } from 'node:test';
import { inState, offlineReady, paste, pick, ready, suite, visit } from '../lib/page.mjs';
import { shown } from '../lib/report.mjs';
import { buildId, fixture, nextBuild, serve } from '../lib/site.mjs';

const { pageTest } = suite();
const LOG = fixture('guests/6.1/irq_null_write.log');

let next;
before(async () => {
  next = await nextBuild();
});
after(() => next?.remove());

/** Serves the old build, lets `first` run, then has the next build in its place at the same address. */
async function deploy(first) {
  const old = await serve();
  await first(old.url);
  await old.stop();
  return serve(next.directory, old.port);
}

const builds = (page) => page.evaluate(() => caches.keys());
const buildOf = (page) =>
  page.evaluate(() => document.querySelector('script[type=module]').src.match(/\/v\/([^/]+)\//)[1]);
const look = (page) => page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).update());
const waiting = (page) =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    while (registration.waiting?.state !== 'installed') await new Promise((resolve) => setTimeout(resolve, 50));
  });
const activate = (page) =>
  page.evaluate(async () => {
    const taken = new Promise((resolve) => {
      navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true });
    });
    (await navigator.serviceWorker.getRegistration()).waiting.postMessage({ type: 'activate' });
    await taken;
  });

pageTest('an update waits, then takes over as a whole', { open: false }, async ({ page, context, watch }) => {
  const old = await buildId();
  const server = await deploy((url) => visit(page, url, watch));
  try {
    await watch.whileLoading(async () => {
      await look(page);
      await waiting(page);
      // However often the page is loaded, it stays of the old build.
      await page.reload();
      await ready(page);
      assert.equal(await buildOf(page), old);
      await pick(page, LOG);
      await inState(page, 'open');

      const other = await context.newPage();
      await other.goto(server.url);
      await ready(other);
      await activate(page);
      // The other page goes on with its own build, although the new one is in control: a fresh worker still starts.
      await other.evaluate(() => dispatchEvent(new Event('oopscope-kill-engine')));
      await ready(other);
      await pick(other, LOG);
      await inState(other, 'open');
      assert.deepEqual((await builds(other)).sort(), [`oopscope-${old}`, `oopscope-${next.id}`].sort());
      await other.close();

      await page.reload();
      await ready(page);
      assert.equal(await buildOf(page), next.id);
      await page.waitForFunction(async (id) => (await caches.keys()).join() === `oopscope-${id}`, next.id);
      await context.setOffline(true);
      await page.reload();
      await ready(page);
      assert.equal(await buildOf(page), next.id);
    });
  } finally {
    await server.stop();
  }
});

pageTest('an update is offered, taken only at the user\'s word, and asks before it loses something', { open: false },
  async ({ page, watch }) => {
    const old = await buildId();
    const server = await deploy((url) => visit(page, url, watch));
    try {
      await paste(page, await readFile(LOG, 'utf8'));
      const report = await shown(page);
      assert.equal(await page.locator('#update').count(), 0, 'nothing is offered before there is something');
      await watch.whileLoading(async () => {
        await look(page);
        await page.locator('#update').waitFor();
      });

      // Offered, and nothing else: what is open stays, and goes on with its own build, a fresh worker included.
      assert.deepEqual(await shown(page), report);
      await watch.whileLoading(async () => {
        await page.evaluate(() => dispatchEvent(new Event('oopscope-kill-engine')));
        await page.locator('#stopped').waitFor();
        await ready(page);
        await page.waitForFunction(() => /A fresh one has opened/.test(document.querySelector('#stopped')?.innerText));
      });
      assert.deepEqual(await shown(page), report);
      assert.equal(await buildOf(page), old);

      // The pasted text would be lost, so the page asks, and takes a no.
      await page.locator('#update').click();
      const question = page.locator('#update-dialog');
      await question.getByText('pasted text is open').waitFor();
      await question.getByRole('button', { name: 'Not now' }).click();
      await question.waitFor({ state: 'detached' });
      assert.deepEqual(await shown(page), report);

      const builds = new Set();
      page.on('request', (request) => {
        const build = /\/v\/([^/]+)\//.exec(request.url());
        if (build) builds.add(build[1]);
      });
      // Until the old page is gone it may load modules of its own build ahead.
      page.on('framenavigated', () => { builds.clear(); });
      await watch.whileLoading(async () => {
        await page.locator('#update').click();
        await Promise.all([page.waitForEvent('load'), question.getByRole('button', { name: 'Reload now' }).click()]);
        await ready(page);
      });
      assert.equal(await buildOf(page), next.id);
      assert.deepEqual([...builds], [next.id], 'all files are of the new build');
      assert.equal(await page.locator('footer .build').innerText(), next.id);
      await page.locator('[data-example="arm64"]').click();
      await shown(page);
      assert.equal(await page.locator('#update').count(), 0);
    } finally {
      await server.stop();
    }
  });

pageTest('a damaged update is not installed', { open: false }, async ({ page, context, watch }) => {
  const old = await buildId();
  const server = await deploy((url) => visit(page, url, watch));
  try {
    await context.route('**/engine_bg.wasm', (route) => route.fulfill({ body: 'not the engine' }));
    await watch.whileLoading(async () => {
      await page.evaluate(async () => {
        const registration = await navigator.serviceWorker.getRegistration();
        const gone = new Promise((resolve) => {
          registration.addEventListener('updatefound', () => {
            const worker = registration.installing;
            worker.addEventListener('statechange', () => worker.state === 'redundant' && resolve());
          });
        });
        await registration.update().catch(() => {});
        await gone;
      });
      assert.deepEqual(await builds(page), [`oopscope-${old}`]);
      await context.unroute('**/engine_bg.wasm');
      await page.reload();
      await ready(page);
      await offlineReady(page);
      assert.equal(await buildOf(page), old);
    });
    // The browser says why it did not install it.
    watch.take();
  } finally {
    await server.stop();
  }
});
