// Measures dumps in the page for `cargo xtask bench`: node bench-dumps.mjs DUMP... Prints one JSON object: for each file its
// milliseconds from the drop until the stack of what panicked is on the screen, what the engine read, and the size of its
// memory. The times are taken in the page: they must never hold the test's own work.

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

async function opened(context, url, file) {
  const page = await context.newPage();
  try {
    await page.addInitScript(watchFor, STACK);
    await page.goto(url);
    await ready(page);
    await offlineReady(page);
    await page.bringToFront();
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

const server = await serve();
const browser = await launch();
try {
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE);
  const all = {};
  for (const file of files) {
    // Once, so that all modules are in the browser's cache, as for a later visit.
    await opened(context, server.url, file);
    const runs = [];
    for (let run = 0; run < RUNS; run++) runs.push(await opened(context, server.url, file));
    const { status } = runs[0];
    all[path.basename(file)] = {
      stack: median(runs.map((run) => run.stack)),
      done: median(runs.map((run) => run.done)),
      status,
      memory: Math.max(...runs.map((run) => run.memory ?? 0)),
    };
  }
  console.log(JSON.stringify(all));
} finally {
  await browser.close();
  await server.stop();
}
