// What the tests of all engines have in common: where things are, the native command to compare with, and the counting.
//
// Must never call a test passed that did not run. The last line is "N passed, N failed".

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");
/** The folder of all fixtures. */
export const fixtures = join(root, "tests/fixtures");

const command = process.env.OOPSCOPE_CLI;
if (!command) {
  console.error("Set OOPSCOPE_CLI to the native command, or run all tests: cargo xtask test");
  process.exit(2);
}

/** A module of the package, ready to be used. */
export async function load(name) {
  const module = await import(join(root, `pkg/${name}.js`));
  await module.default({ module_or_path: readFileSync(join(root, `pkg/${name}_bg.wasm`)) });
  return module;
}

/** All files below a folder whose names end so, in order; at least one, or a test would pass by looking at nothing. */
export function filesBelow(directory, ending) {
  const found = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  assert.ok(found.length > 0, `${directory} holds no file *${ending}`);
  return found;
}

/** What the native command prints. A report that was found is no failure. */
export function native(...arguments_) {
  const { stdout, stderr, status, error } = spawnSync(command, arguments_, { maxBuffer: 1 << 28 });
  if (error) throw error;
  assert.ok(status === 0 || status === 1, `oopscope ${arguments_.join(" ")}: ${stderr}`);
  return stdout.toString();
}

/** Texts of thousands of lines: says where they part. */
export function assertSame(here, there, what) {
  const [ours, theirs] = [here.split("\n"), there.split("\n")];
  const at = ours.findIndex((line, i) => line !== theirs[i]);
  const line = at < 0 ? ours.length : at;
  assert.ok(here === there, `${what}, line ${line + 1}: here ${ours[line]}, natively ${theirs[line]}`);
}

const tests = [];

/** A test, run by `run` in its turn. */
export const test = (name, body) => tests.push({ name, body });

/** Runs them all. */
export async function run() {
  let failed = 0;
  for (const { name, body } of tests) {
    try {
      await body();
      console.log(`ok  ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`NOT OK  ${name}\n${error.stack}`);
    }
  }
  console.log(`${tests.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
