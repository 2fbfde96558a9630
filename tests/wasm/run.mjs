// Tests of the engine as it ships: pkg/engine.js with its WebAssembly, under Node.
//
// Every captured log must give the same document here as from the native command (its path in OOPSCOPE_CLI), and a
// log beyond 4 GiB must be read to its end: wasm32 counts in 32 bits. Ends with "N passed, N failed".

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileOf, fileThatFails, install, largeFile } from "./files.mjs";
import { assertSame, filesBelow, fixtures, load, native, run, test } from "./harness.mjs";

install();
const { Engine } = await load("engine");
const { list } = await load("disasm");

/** An engine with the disassemblers, or without, and what it says to one request. */
class Driver {
  constructor({ listing = true } = {}) {
    this.answers = [];
    this.engine = new Engine((answer) => this.answers.push(answer));
    if (listing) this.engine.list_with(list);
    this.id = 0;
  }

  all(request, files = []) {
    this.answers = [];
    this.id += 1;
    if (this.engine.handle({ id: this.id, request, files })) while (this.engine.step());
    for (const answer of this.answers) assert.equal(answer.id, this.id);
    return this.answers.map(({ event }) => event);
  }

  ask(request, files) {
    return this.all(request, files).at(-1);
  }

  open(...files) {
    return this.ask({ type: "open" }, files);
  }
}

for (const path of filesBelow(fixtures, ".log")) {
  test(path.slice(fixtures.length + 1), () => {
    const driver = new Driver();
    const opened = driver.open(fileOf(basename(path), readFileSync(path)));
    assert.equal(opened.type, "opened", JSON.stringify(opened));
    for (const format of ["json", "text"]) {
      const { text } = driver.ask({ type: "render", format });
      assertSame(text, native("log", "--format", format, path), format);
    }
  });
}

test("hello gives the build and the examples, and each opens without a file", () => {
  const driver = new Driver();
  const ready = driver.ask({ type: "hello" });
  assert.equal(ready.type, "ready");
  assert.ok(ready.build_id.length > 0 && ready.examples.length >= 5);
  for (const { name } of ready.examples) {
    const opened = driver.ask({ type: "open-example", name });
    assert.equal(opened.type, "opened");
    assert.ok(opened.reports.length > 0);
  }
});

test("a report is asked for, found and shared like the page does", () => {
  const driver = new Driver();
  driver.ask({ type: "open-example", name: "two-oopses" });
  const report = driver.ask({ type: "report", index: 1 });
  assert.match(report.title, /NULL pointer dereference/);
  const { lines } = driver.ask({ type: "lines", from: report.first_line, count: 2 });
  assert.equal(lines.length, 2);
  const found = driver.ask({ type: "find", text: "call trace:", from: 1, backwards: false });
  assert.ok(found.line > 1);
  const shared = driver.ask({ type: "share", index: 1, view: { line: report.first_line, tab: "report" } });
  const opened = driver.ask({ type: "open-link", fragment: shared.fragment });
  assert.equal(opened.link.view.line, report.first_line);
  assert.equal(driver.ask({ type: "report", index: opened.link.report }).title, report.title);
});

const symbols = join(fixtures, "symbols");
const symbolFile = (path) => fileOf(basename(path), readFileSync(join(symbols, path)));
/** What is given together: a log, and files of symbols in every form that debug information comes in. */
const SYMBOLIZED = [
  ["logs/oops.log", ["gcc5/vmlinux"]],
  ["logs/oops.log", ["gcc4/vmlinux"]],
  ["logs/oops.log", ["clang5/vmlinux"]],
  ["logs/oops.log", ["gcc5-zlib/vmlinux"]],
  ["logs/oops.log", ["gcc5-zstd/vmlinux"]],
  ["logs/oops.log", ["stripped/vmlinux", "gcc5/System.map"]],
  ["logs/oops.log", ["debuglink/vmlinux", "debuglink/vmlinux.debug"]],
  ["logs/bare.log", ["modules/gcc5/bad_driver.ko", "gcc5/vmlinux", "logs/proc-modules.txt"]],
];

for (const [log, files] of SYMBOLIZED) {
  test(`${log} with ${files.join(", ")}`, () => {
    const driver = new Driver();
    const opened = driver.open(...files.map(symbolFile), symbolFile(log));
    assert.equal(opened.type, "opened", JSON.stringify(opened));
    assert.ok(opened.symbols.files.length >= files.length && opened.symbols.bytes_read > 0, JSON.stringify(opened.symbols));
    const debug = files.flatMap((path) => ["--debug", join(symbols, path)]);
    for (const format of ["json", "text"]) {
      const { text } = driver.ask({ type: "render", format });
      // Here files have names alone, natively they have paths.
      const there = native("log", "--no-cache", "--format", format, ...debug, join(symbols, log)).replaceAll(/[^\s"]*\/tests\/fixtures\/symbols\/(?:[\w-]+\/)*/g, "");
      assertSame(text, there, format);
    }
  });
}

test("what symbols say is carried by a link, forgotten, and told with a source", () => {
  const driver = new Driver();
  driver.open(symbolFile("gcc5/vmlinux"), symbolFile("logs/oops.log"));
  const { stacks } = driver.ask({ type: "report", index: 0 });
  const places = (stacks) => stacks.flatMap(({ frames }) => frames.map((frame) => [frame.function, frame.file, frame.file_line, frame.inlined]));
  assert.ok(places(stacks).some(([name, file, line, inlined]) => name === "slot_read" && /ring\.h$/.test(file) && line === 25 && inlined));
  const { fragment } = driver.ask({ type: "share", index: 0, view: {} });
  const other = new Driver();
  assert.equal(other.ask({ type: "open-link", fragment }).type, "opened");
  assert.deepEqual(places(other.ask({ type: "report", index: 0 }).stacks), places(stacks));

  const added = driver.ask({ type: "symbols", report: 0 }, [fileOf("disk.c", readFileSync(join(symbols, "source/disk.c")))]);
  assert.equal(added.type, "symbols", JSON.stringify(added));
  const { lines, first } = driver.ask({ type: "source", file: "/usr/src/fixture/disk.c", line: 49, around: 2, report: 0 });
  assert.deepEqual([first, lines.length], [47, 5]);
  assert.deepEqual(driver.ask({ type: "forget-symbols", kept: true }).files, []);
  assert.equal(driver.ask({ type: "report", index: 0 }).symbols, undefined);
});

test("a folder's files are told by their paths", () => {
  const driver = new Driver();
  driver.open(symbolFile("logs/oops.log"));
  driver.answers = [];
  driver.id += 1;
  const files = [fileThatFails("x.c", 100, "NotReadableError"), symbolFile("gcc5/vmlinux")];
  const paths = ["linux/x.c", "debug/boot/vmlinux-6.1.0-fixture"];
  if (driver.engine.handle({ id: driver.id, request: { type: "symbols", report: 0 }, files, paths })) while (driver.engine.step());
  const { event } = driver.answers.at(-1);
  assert.equal(event.files.find(({ status }) => status === "used").name, paths[1], JSON.stringify(event));
});

test("what is kept is fetched before a report, written after it, and not waited for where nobody serves it", () => {
  const driver = new Driver();
  driver.engine.keep();
  assert.equal(driver.engine.kept_asks(), undefined);
  driver.open(symbolFile("clang5/vmlinux"), symbolFile("logs/oops.log"));
  driver.answers = [];
  driver.engine.handle({ id: 51, request: { type: "report", index: 0 } });
  assert.deepEqual(driver.answers, []);
  const { forget, fetch, write } = driver.engine.kept_asks();
  assert.deepEqual([forget, write], [false, []]);
  assert.ok(fetch.every((id) => /^[0-9a-f]{40}$/.test(id)) && fetch.length === 1, fetch.join());
  if (driver.engine.kept_answers({ problem: "a private window" })) while (driver.engine.step());
  assert.equal(driver.answers.at(-1).event.type, "report");
  assert.equal(driver.ask({ type: "symbol-files" }).kept.problem, "a private window");
});

/** A log whose first report has code, and the same of which nothing is listed. */
const crash = () => fileOf("crash.log", readFileSync(join(fixtures, "guests/6.1/null_write.log")));

/** An engine without disassemblers, of which two reports and a line were asked for. */
function waiting() {
  const driver = new Driver({ listing: false });
  driver.open(crash());
  driver.answers = [];
  assert.equal(driver.engine.needs_disassembler(), false);
  driver.engine.handle({ id: 11, request: { type: "report", index: 0 } });
  driver.engine.handle({ id: 12, request: { type: "render", format: "text" } });
  driver.engine.handle({ id: 13, request: { type: "report", index: 0 } });
  while (driver.engine.handle({ id: 14, request: { type: "lines", from: 1, count: 1 } }) && driver.engine.step());
  assert.ok(driver.engine.needs_disassembler());
  return driver;
}

function goOn(driver, work) {
  if (work(driver.engine)) while (driver.engine.step());
  assert.equal(driver.engine.needs_disassembler(), false);
}

test("reports wait for the disassemblers, in their order, and nothing else does", () => {
  const driver = waiting();
  assert.deepEqual(driver.answers.map(({ id }) => id), [14]);
  goOn(driver, (engine) => engine.list_with(list));
  assert.deepEqual(driver.answers.map(({ id }) => id), [14, 11, 12, 13]);
  const [, { event: report }, { event: text }] = driver.answers;
  assert.ok(report.code.listing.instructions.some((one) => one.trap));
  assert.match(text.text, /Instructions around the marked one/);
});

test("disassemblers that can't be loaded leave the reason, and the next log tries again", () => {
  const driver = waiting();
  goOn(driver, (engine) => engine.list_without("the network is off"));
  const [, { event: report }] = driver.answers;
  assert.equal(report.code.listing, undefined);
  assert.match(report.code.listing_problem, /could not be loaded \(the network is off\)/);
  driver.open(crash());
  driver.answers = [];
  driver.engine.handle({ id: 21, request: { type: "report", index: 0 } });
  goOn(driver, (engine) => engine.list_with(list));
  assert.ok(driver.answers[0].event.code.listing);
});

test("disassemblers that stop take nothing with them, and are not asked again", () => {
  for (const [broken, words] of [
    [() => { throw new WebAssembly.RuntimeError("unreachable"); }, /stopped \(unreachable\)/],
    [() => "no bytes", /stopped \(/],
    [() => new Uint8Array([7]), /stopped \(its answer is damaged\)/],
  ]) {
    const driver = waiting();
    goOn(driver, (engine) => engine.list_with(broken));
    assert.match(driver.answers[1].event.code.listing_problem, words);
    driver.open(crash());
    driver.answers = [];
    driver.engine.handle({ id: 21, request: { type: "report", index: 0 } });
    assert.ok(driver.engine.needs_disassembler(), "a fresh one is wanted");
    goOn(driver, (engine) => engine.list_with(list));
    assert.ok(driver.answers[0].event.code.listing);
  }
});

test("what is no question has an answer", () => {
  assert.equal(new TextDecoder().decode(list(new Uint8Array([9, 9])).subarray(2)), "the engine's question could not be read");
});

test("a log beyond 4 GiB is read to its end", () => {
  const filler = Buffer.from("[  100.000000] usb 1-1: an ordinary line of an ordinary log, nothing to see in it\n".repeat(4096));
  const oops = readFileSync(join(fixtures, "guests/6.1/null_write.log"));
  const size = 2 ** 32 + 50_000_000;
  const driver = new Driver();
  const start = performance.now();
  const events = driver.all({ type: "open" }, [largeFile("huge.log", filler, size, oops)]);
  const seconds = (performance.now() - start) / 1000;
  console.log(`    ${(size / 1e6 / seconds).toFixed(0)} MB/s with the making of the log, ${events.length} events`);
  const opened = events.at(-1);
  assert.equal(opened.type, "opened", JSON.stringify(opened));
  assert.ok(opened.facts.bytes > 2 ** 32);
  assert.equal(opened.reports.length, 1);
  const { first_line: line } = opened.reports[0];
  assert.ok(line > 50_000_000);
  const { lines } = driver.ask({ type: "lines", from: line, count: 1 });
  assert.match(lines[0].text, /BUG: kernel NULL pointer dereference/);
  assert.match(driver.ask({ type: "render", index: 0, format: "text" }).text, /guest_null_write/);
  assert.equal(driver.ask({ type: "find", text: "null pointer", from: opened.facts.lines, backwards: true }).line, line);
});

test("what a browser says about a file is told in words", () => {
  const driver = new Driver();
  for (const [exception, code, words, size = 1000] of [
    ["NotReadableError", "changed", /a\.log changed while it was being read/],
    ["NotFoundError", "read", /moved or deleted/],
    ["SecurityError", "read", /permission/],
    ["UnknownError", "read", /could not read it/],
    // Chromium says that a file which was deleted has size 0.
    ["NotFoundError", "read", /moved or deleted/, 0],
  ]) {
    const failed = driver.open(fileThatFails("a.log", size, exception));
    assert.equal(failed.type, "failed");
    assert.equal(failed.code, code);
    assert.match(failed.message, words);
  }
});

test("several files are one log", () => {
  const driver = new Driver();
  const half = (text) => fileOf("half.log", Buffer.from(text));
  const opened = driver.open(half("[    1.000000] one"), half("[    2.000000] Kernel panic - not syncing: two\n"));
  assert.equal(opened.facts.lines, 2);
  assert.equal(opened.reports[0].first_line, 2);
});

test("what is not a request is answered and harms nothing", () => {
  const driver = new Driver();
  for (const request of [undefined, null, 7, {}, { type: "frobnicate" }, { type: "lines", from: -1, count: 1 }]) {
    const failed = driver.ask(request);
    assert.equal(failed.type, "failed");
    assert.equal(failed.code, "bad-request");
  }
  assert.equal(driver.ask({ type: "open" }, ["not a file"]).code, "bad-request");
  assert.equal(driver.open(fileOf("empty.log", new Uint8Array())).code, "empty");
  assert.equal(driver.ask({ type: "hello" }).type, "ready");
});

test("a message without a number is nobody's, and is not answered", () => {
  const driver = new Driver();
  for (const message of [undefined, null, "x", {}, { id: 0, request: { type: "hello" } }, { id: "1" }]) {
    assert.equal(driver.engine.handle(message), false);
  }
  assert.deepEqual(driver.answers, []);
});

await run();
