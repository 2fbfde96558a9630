// Measures the page for `cargo xtask bench`: node bench.mjs BIG.log SMALL.log. Prints milliseconds as JSON, from the
// page's own marks on the browser's time line: it must never measure the test's own work.

import { drop, inState, offlineReady, ready } from './lib/page.mjs';
import { launch } from './lib/chromium.mjs';
import { serve } from './lib/site.mjs';

const [big, small] = process.argv.slice(2);
/** A big log may take this long. */
const PATIENCE = 300_000;
/** Repetitions of what takes milliseconds; the median counts. */
const RUNS = 9;

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

const mark = (page, name) =>
  page.evaluate((name) => performance.getEntriesByName(name, 'mark').at(-1).startTime, name);

async function interactive(context, url) {
  const page = await context.newPage();
  await page.goto(url);
  await ready(page);
  const time = await mark(page, 'oopscope-interactive');
  await offlineReady(page);
  return { page, time };
}

async function opened(page, file) {
  await page.evaluate(() => performance.clearMarks());
  await drop(page, file);
  await page.waitForFunction(() => performance.getEntriesByName('oopscope-rendered', 'mark').length > 0);
  await inState(page, 'open');
  return (await mark(page, 'oopscope-rendered')) - (await mark(page, 'oopscope-drop'));
}

async function repeat(work) {
  const times = [];
  for (let run = 0; run < RUNS; run++) times.push(await work());
  return median(times);
}

const server = await serve();
const browser = await launch();
try {
  const first = await repeat(async () => {
    const context = await browser.newContext();
    const { time } = await interactive(context, server.url);
    await context.close();
    return time;
  });

  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE);
  const { page } = await interactive(context, server.url);
  const later = await repeat(async () => {
    const visit = await interactive(context, server.url);
    await visit.page.close();
    return visit.time;
  });
  // The page in front, as a user has it: browsers hold hidden pages back.
  await page.bringToFront();
  const times = { first, later, small: await repeat(() => opened(page, small)), big: await opened(page, big) };
  console.log(JSON.stringify(times));
} finally {
  await browser.close();
  await server.stop();
}
