// The site wherever it is put: in a sub-directory of some server, and where there is no service worker (plain http).

import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { drop, inState, ready, suite, visit } from '../lib/page.mjs';
import { SITE, fixture, serve } from '../lib/site.mjs';

const { pageTest } = suite();
const LOG = fixture('guests/6.1/irq_null_write.log');

async function reads(page) {
  await drop(page, LOG);
  await inState(page, 'open');
  assert.match(await page.locator('#title').textContent(), /NULL pointer/);
}

pageTest('in a sub-directory it works, offline too', { open: false }, async ({ page, context, watch }) => {
  const root = await mkdtemp(path.join(tmpdir(), 'oopscope-root-'));
  await cp(SITE, path.join(root, 'lab/oopscope'), { recursive: true });
  const server = await serve(root);
  try {
    const url = `${server.url}lab/oopscope/`;
    await visit(page, url, watch);
    await reads(page);
    await context.setOffline(true);
    await visit(page, url, watch);
    await reads(page);
  } finally {
    await server.stop();
    await rm(root, { recursive: true });
  }
});

pageTest('without a service worker it works', { open: false, serviceWorkers: 'block' }, async ({ page, watch, url }) => {
  await watch.whileLoading(async () => {
    await page.goto(url);
    await ready(page);
  });
  await reads(page);
});

pageTest('without JavaScript the shell says what is needed', { open: false, javaScriptEnabled: false }, async ({ page, url }) => {
  await page.goto(url);
  assert.match(await page.locator('body').innerText(), /JavaScript is switched off/);
});

pageTest('a missing file of the build is told, with its reason', { open: false }, async ({ page, context, watch, url }) => {
  await context.route('**/ui_bg.wasm', (route) => route.fulfill({ status: 404, body: '' }));
  await page.goto(url);
  const alert = page.getByRole('alert');
  await alert.waitFor();
  assert.match(await alert.textContent(), /could not start: .+ Reload the page/);
  watch.take();
});
