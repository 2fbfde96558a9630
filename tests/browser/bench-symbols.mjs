// Measures source lines in the page for `cargo xtask bench symbols`: node bench-symbols.mjs LOG VMLINUX. Both are dropped at
// once. Prints one JSON object: milliseconds from the drop until a frame's source line is on the screen, for a browser that
// has never seen the vmlinux (`first`) and for one that has (`later`); how often and how much the engine read of the two
// files, and the size of its memory. The times are taken in the page: they must never hold the test's own work.

import path from 'node:path';
import { drop, offlineReady, ready } from './lib/page.mjs';
import { launch } from './lib/chromium.mjs';
import { serve } from './lib/site.mjs';

// The browser's own idea of the working directory is another one.
const files = process.argv.slice(2).map((name) => path.resolve(name));
/** Repetitions; the median counts. */
const RUNS = 5;
/** It may take this long. */
const PATIENCE = 60_000;
/** So long has a page been open that somebody drops files on. */
const REST = 2000;
/** The source of a frame of that log (xtask/src/bench/symbols.rs): nothing else in it names a file. */
const SOURCE = 'kernel/irq_work.c:';

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** In the page: notes when the source has been painted, which is after the frame that follows its being there. */
function watchFor(source) {
  let asked = false;
  const look = () => {
    asked = false;
    if (globalThis.linesShown !== undefined || !document.body.textContent.includes(source)) return;
    globalThis.linesShown = null;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => { globalThis.linesShown = performance.now(); }));
  };
  const observer = new MutationObserver(() => {
    if (!asked) queueMicrotask(look);
    asked = true;
  });
  const start = () => observer.observe(document.body, { childList: true, subtree: true, characterData: true });
  if (document.body) start();
  else addEventListener('DOMContentLoaded', start);
}

/** In the engine's worker: counts what is read of files. */
function countReads() {
  const read = FileReaderSync.prototype.readAsArrayBuffer;
  globalThis.counted = { reads: 0, bytes: 0 };
  FileReaderSync.prototype.readAsArrayBuffer = function (blob) {
    globalThis.counted.reads += 1;
    globalThis.counted.bytes += blob.size;
    return read.call(this, blob);
  };
}

const engine = (page) => page.workers().find((one) => one.url().endsWith('/worker.js'));

/** What the engine read, and the size of its memory: asking its module to be loaded again gives the instance that runs. */
async function cost(page) {
  const worker = engine(page);
  return worker.evaluate(async (url) => {
    const { default: init } = await import(url);
    return { ...globalThis.counted, memory: (await init()).memory.buffer.byteLength };
  }, worker.url().replace(/worker\.js$/, 'engine.js'));
}

async function opened(context, url) {
  const page = await context.newPage();
  try {
    await page.addInitScript(watchFor, SOURCE);
    await page.goto(url);
    await page.bringToFront();
    await ready(page);
    await engine(page).evaluate(countReads);
    await page.waitForTimeout(REST);
    await drop(page, files);
    await page.waitForFunction(() => typeof globalThis.linesShown === 'number');
    const time = await page.evaluate(
      () => globalThis.linesShown - performance.getEntriesByName('oopscope-drop', 'mark').at(-1).startTime,
    );
    return { time, ...(await cost(page)) };
  } finally {
    await page.close();
  }
}

/** A browser that has visited the page: all modules are there, and of the vmlinux nothing. */
async function visited(browser, url) {
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  await page.goto(url);
  await ready(page);
  await offlineReady(page);
  await page.waitForTimeout(REST);
  await page.close();
  return context;
}

const server = await serve();
const browser = await launch();
try {
  const first = [];
  const later = [];
  for (let run = 0; run < RUNS; run++) {
    const context = await visited(browser, server.url);
    first.push(await opened(context, server.url));
    later.push(await opened(context, server.url));
    await context.close();
  }
  console.log(JSON.stringify({
    first: median(first.map((run) => run.time)),
    later: median(later.map((run) => run.time)),
    reads: first[0].reads,
    read: first[0].bytes,
    memory: Math.max(...[...first, ...later].map((run) => run.memory)),
  }));
} finally {
  await browser.close();
  await server.stop();
}
