// Measures dumps in the page for `cargo xtask bench`: node bench-dumps.mjs DUMP... Prints one JSON object: for each file its
// milliseconds from the drop until the stack of what panicked is on the screen, in a page that has been open for a while and
// in one that was opened at that moment; what the engine read, and the size of its memory. The times are taken in the page:
// they must never hold the test's own work.

import path from 'node:path';
import { drop, inState, offlineReady, ready } from './lib/page.mjs';
import { launch } from './lib/chromium.mjs';
import { serve } from './lib/site.mjs';

// The browser's own idea of the working directory is another one.
const files = process.argv.slice(2).map((name) => path.resolve(name));
/** Repetitions; the median counts. */
const RUNS = 5;
/** A dump may take this long. */
const PATIENCE = 60_000;
/** So long has a page been open that somebody drops a file on. The other measurement is of who drops one at once. */
const REST = 2000;
/** The stack of what panicked. */
const STACK = '#panic .dump-stack';

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** In the page: notes when the stack has been painted, which is after the frame that follows its being there. */
function watchFor(selector) {
  const seen = () => {
    if (globalThis.stackShown !== undefined || !document.querySelector(selector)) return;
    globalThis.stackShown = null;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => { globalThis.stackShown = performance.now(); }));
  };
  const observer = new MutationObserver(seen);
  const start = () => observer.observe(document.body, { childList: true, subtree: true });
  if (document.body) start();
  else addEventListener('DOMContentLoaded', start);
}

/** The size of the memory of the worker for dumps: asking its module to be loaded again gives the instance that runs. */
async function memory(page) {
  for (const worker of page.workers().filter((one) => one.url().endsWith('/vmcore-worker.js'))) {
    return worker.evaluate(async (url) => {
      const { default: init } = await import(url);
      return (await init()).memory.buffer.byteLength;
    }, worker.url().replace(/vmcore-worker\.js$/, 'vmcore.js'));
  }
  return null;
}

/** Of one dump in a page of its own, which has been open for `rest` milliseconds when it is dropped. */
async function opened(context, url, file, rest) {
  const page = await context.newPage();
  try {
    await page.addInitScript(watchFor, STACK);
    await page.goto(url);
    await page.bringToFront();
    await ready(page);
    if (rest > 0) await page.waitForTimeout(rest);
    await drop(page, file);
    await page.waitForFunction(() => typeof globalThis.stackShown === 'number');
    await page.waitForFunction(() => performance.getEntriesByName('oopscope-dump-done', 'mark').length > 0);
    await inState(page, 'open');
    const times = await page.evaluate(() => {
      const at = (name) => performance.getEntriesByName(name, 'mark').at(-1).startTime;
      const dropped = at('oopscope-drop');
      return { stack: globalThis.stackShown - dropped, done: at('oopscope-dump-done') - dropped };
    });
    const status = await page.locator('#dump-status').innerText();
    return { ...times, status, memory: await memory(page) };
  } finally {
    await page.close();
  }
}

/** The medians of several. */
async function repeated(context, url, file, rest) {
  const runs = [];
  for (let run = 0; run < RUNS; run++) runs.push(await opened(context, url, file, rest));
  return {
    stack: median(runs.map((run) => run.stack)),
    done: median(runs.map((run) => run.done)),
    status: runs[0].status,
    memory: Math.max(...runs.map((run) => run.memory ?? 0)),
  };
}

const server = await serve();
const browser = await launch();
try {
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE);
  // Once, so that all modules are in the browser's cache, as for a later visit.
  const visit = await context.newPage();
  await visit.goto(server.url);
  await offlineReady(visit);
  await visit.close();
  const all = {};
  for (const file of files) {
    const { status, memory, ...idle } = await repeated(context, server.url, file, REST);
    const { stack, done } = await repeated(context, server.url, file, 0);
    all[path.basename(file)] = { idle, first: { stack, done }, status, memory };
  }
  console.log(JSON.stringify(all));
} finally {
  await browser.close();
  await server.stop();
}
