// Tests of the engine for dumps as it ships: pkg/vmcore.js with its WebAssembly, under Node.
//
// Every committed dump must give the same document and the same answers here as from the native command (its path in
// OOPSCOPE_CLI). Ends with "N passed, N failed".

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileOf, fileThatFails, install } from "./files.mjs";
import { assertSame, filesBelow, fixtures, load, native, run, test } from "./harness.mjs";

install();
const { Engine } = await load("vmcore");

/** Commands whose text is compared. */
const COMMANDS = ["sys", "bt", "bt -a", "ps", "mod", "kmem -i", "sym schedule", "p jiffies", "struct task_struct.pid,comm init_task"];

/** An engine, and what it says to one request. */
class Driver {
  constructor() {
    this.answers = [];
    this.engine = new Engine((answer) => this.answers.push(answer));
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
    return this.all({ type: "open", names: files.map(({ name }) => name) }, files);
  }
}

/** The document without what it cost: caches are warm at another time where answers are posted in between. */
const withoutCost = (text) => JSON.stringify(JSON.parse(text, (key, value) => (key === "cost" ? undefined : value)), null, 1);

for (const path of filesBelow(join(fixtures, "dumps"), ".vmcore")) {
  const name = basename(path);
  test(`${name}: all stages, the log and the panic before what is slower`, () => {
    const events = new Driver().open(fileOf(name, readFileSync(path)));
    // What is known better later is posted again.
    const types = [...new Set(events.map(({ type }) => type))].filter((type) => type !== "progress");
    assert.deepEqual(types.slice(0, 2), ["dump", "log"]);
    assert.deepEqual(types.slice(2, 4).sort(), ["panic", "system"]);
    assert.deepEqual(types.slice(4), ["cpus", "tasks", "modules", "memory", "done"]);
    const { cost, incomplete } = events.at(-1);
    assert.equal(incomplete, false);
    assert.ok(cost.reads > 0 && cost.bytes_read > 0 && cost.bytes === readFileSync(path).length, JSON.stringify(cost));
  });

  test(`${name}: document, summary and commands are the native command's`, () => {
    const driver = new Driver();
    driver.open(fileOf(name, readFileSync(path)));
    const { text: document } = driver.ask({ type: "document" });
    assertSame(withoutCost(document), withoutCost(native("core", path, "--format", "json")), "document");
    assertSame(driver.ask({ type: "summary" }).text, native("core", path), "summary");
    for (const line of COMMANDS) {
      const output = driver.ask({ type: "command", line });
      assert.equal(output.type, "output", JSON.stringify(output));
      assertSame(output.text.trimEnd(), native("core", path, "-c", line).trimEnd(), line);
    }
    assert.match(driver.ask({ type: "command", line: "nonsense" }).problem, /there is no command nonsense/);
    const { words } = driver.ask({ type: "complete", line: "sym sched" });
    assert.ok(words.length > 0 && words.every((word) => word.startsWith("sched")), words.join(" "));
  });

  test(`${name}: cut off anywhere it still answers`, () => {
    const bytes = readFileSync(path);
    for (const part of [0.02, 0.3, 0.7, 0.99]) {
      const events = new Driver().open(fileOf(name, bytes.subarray(0, Math.floor(bytes.length * part))));
      assert.ok(["done", "failed"].includes(events.at(-1).type), events.at(-1).type);
    }
  });
}

test("hello gives the build and the commands", () => {
  const ready = new Driver().ask({ type: "hello" });
  assert.equal(ready.type, "ready");
  assert.ok(ready.build_id.length > 0 && ready.commands.some(([name]) => name === "bt"));
});

test("what is no dump, can't be read, or is no request is told, and harms nothing", () => {
  const driver = new Driver();
  const text = driver.open(fileOf("a.txt", Buffer.from("no dump at all\n".repeat(1000)))).at(-1);
  assert.equal(text.type, "failed", JSON.stringify(text));
  assert.ok(text.message && text.advice);
  for (const exception of ["NotReadableError", "NotFoundError", "SecurityError", "UnknownError"]) {
    const failed = driver.open(fileThatFails("a.vmcore", 1 << 20, exception)).at(-1);
    assert.equal(failed.type, "failed", JSON.stringify(failed));
  }
  for (const request of [undefined, null, 7, {}, { type: "frobnicate" }, { type: "command" }]) {
    assert.equal(driver.ask(request).code, "bad-request");
  }
  for (const request of [{ type: "document" }, { type: "command", line: "bt" }, { type: "backtrace", task: "0xffff888000000000" }]) {
    assert.equal(driver.ask(request).type, "failed");
  }
  assert.equal(driver.engine.handle({ id: 0, request: { type: "hello" } }), false);
  assert.equal(driver.ask({ type: "hello" }).type, "ready");
});

await run();
