// The shortest proof that the site works: the page starts, reads a log, and starts again with the network off.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { drop, inState, paste, pick, ready, suite, visit } from '../lib/page.mjs';
import { buildId, fixture } from '../lib/site.mjs';

const { pageTest } = suite();
const LOG = fixture('guests/6.1/irq_null_write.log');

pageTest('the page starts and asks for nothing afterwards', async ({ page, watch }) => {
  assert.equal(await page.locator('body').getAttribute('data-state'), 'ready');
  assert.ok(watch.requests > 5, 'the watch sees requests');
});

pageTest('the watch sees a request and a violation', async ({ page, watch }) => {
  await page.evaluate(() => fetch('version.json'));
  await page.evaluate(() => fetch('http://127.0.0.1:9/elsewhere').catch(() => {}));
  await page.waitForTimeout(200);
  const seen = watch.take();
  assert.ok(seen.some((problem) => problem.startsWith('request after load: ') && problem.endsWith('/version.json')));
  assert.ok(seen.some((problem) => problem.startsWith('policy: connect-src')), seen.join('\n'));
});

pageTest('a picked, a dropped and a pasted log give the same report', async ({ page, watch, url }) => {
  await pick(page, LOG);
  await inState(page, 'open');
  const title = await page.locator('#title').textContent();
  assert.match(title, /NULL pointer/);
  await visit(page, url, watch);
  await drop(page, LOG);
  await inState(page, 'open');
  assert.equal(await page.locator('#title').textContent(), title);
  await visit(page, url, watch);
  await paste(page, await readFile(LOG, 'utf8'));
  await inState(page, 'open');
  assert.equal(await page.locator('#title').textContent(), title);
});

pageTest('with the network off it starts again, with a query and with a link', async ({ page, context, watch, url }) => {
  await context.setOffline(true);
  for (const address of [url, `${url}?from=elsewhere`, `${url}index.html`]) {
    await watch.whileLoading(async () => {
      await page.goto(address);
      await ready(page);
    });
  }
  await pick(page, LOG);
  await inState(page, 'open');
  assert.match(await page.locator('#title').textContent(), /NULL pointer/);
});

pageTest('with the network off a file of another build is missing, not the page', async ({ page, context, watch }) => {
  const build = await buildId();
  await context.setOffline(true);
  await watch.whileLoading(async () => {
    const answers = await page.evaluate(async (id) => {
      const status = async (name) => (await fetch(name)).status;
      return [await status(`v/${id}/ui.js`), await status('v/000000000000/ui.js')];
    }, build);
    assert.deepEqual(answers, [200, 404]);
  });
  assert.ok(watch.take().every((problem) => problem.includes('404')));
});
