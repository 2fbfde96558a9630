// Keeps what engines make of files of symbols in the browser's private files (OPFS), for the next visit: indexes by build-id,
// never a file of the user's.
//
// The engine says after each turn what it wants (`engine.kept_asks()`: { forget, fetch, write }), and is told what came of it
// (`engine.kept_answers`). Where the browser has no such files, or won't open them (a private window, a page that is not
// secure), the engine is told so once and makes everything anew. Must never hold up the engine for longer than WAIT.

const FOLDER = "symbol-indexes";
/** All that is kept; the oldest goes first. */
const LIMIT = 256 * 1024 * 1024;
/** What is fetched at once. */
const FETCHED = 96 * 1024 * 1024;
/** After so long what was to be fetched won't be waited for, in milliseconds. */
const WAIT = 2000;

async function folder() {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(FOLDER, { create: true });
}

/** The entries, the oldest first. */
async function entries(directory) {
  const found = [];
  for await (const [name, handle] of directory.entries()) {
    if (handle.kind !== "file") continue;
    // Another tab may have thrown it away meanwhile.
    const file = await handle.getFile().catch(() => null);
    if (file !== null) found.push({ name, file });
  }
  return found.sort((a, b) => a.file.lastModified - b.file.lastModified);
}

async function fetched(all, buildIds) {
  const out = [];
  let room = FETCHED;
  for (const { name, file } of all.toReversed()) {
    if (!buildIds.some((id) => name.includes(id)) || file.size > room) continue;
    room -= file.size;
    const bytes = await file.arrayBuffer().catch(() => null);
    if (bytes !== null) out.push([name, new Uint8Array(bytes)]);
  }
  return out;
}

async function write(directory, name, bytes) {
  const handle = await directory.getFileHandle(name, { create: true });
  if (handle.createWritable) {
    const stream = await handle.createWritable();
    await stream.write(bytes);
    await stream.close();
    return;
  }
  // Only one tab at a time can have it: the other does without.
  const access = await handle.createSyncAccessHandle();
  try {
    access.truncate(0);
    access.write(bytes, { at: 0 });
    access.flush();
  } finally {
    access.close();
  }
}

async function serve({ forget, fetch, write: fresh }) {
  const directory = await folder();
  if (forget) {
    for (const { name } of await entries(directory)) await directory.removeEntry(name).catch(() => {});
  }
  let all = fetch.length + fresh.length > 0 ? await entries(directory) : [];
  const found = await fetched(all, fetch);
  for (const [name, bytes] of fresh) {
    if (bytes.length > LIMIT) continue;
    let sum = all.reduce((sum, { file }) => sum + file.size, bytes.length);
    while (sum > LIMIT && all.length > 0) {
      const [oldest, ...others] = all;
      await directory.removeEntry(oldest.name).catch(() => {});
      sum -= oldest.file.size;
      all = others;
    }
    // A full disk costs the next visit some time, nothing else.
    await write(directory, name, bytes).catch(() => directory.removeEntry(name).catch(() => {}));
  }
  const now = await entries(directory);
  return { entries: found, bytes: now.reduce((sum, { file }) => sum + file.size, 0) };
}

function words(error) {
  if (!self.isSecureContext) return "this page was not loaded over a secure connection";
  if (!navigator.storage?.getDirectory) return "this browser has no private files for pages";
  return `the browser does not give this page private files (${error instanceof Error ? error.message : error})`;
}

function late(asked) {
  // What is written or thrown away is waited for by nobody.
  if (asked.fetch.length === 0) return new Promise(() => {});
  return new Promise((resolve) => setTimeout(resolve, WAIT, {}));
}

/** `turned` of drive.js, for an engine that keeps something. */
export function keeper() {
  let busy = false;
  return function turned(engine, run) {
    if (busy) return;
    const asked = engine.kept_asks();
    if (asked === undefined) return;
    busy = true;
    const served = serve(asked).catch((error) => ({ problem: words(error) }));
    // What the engine throws must not end here: a timer's errors are the worker's.
    Promise.race([served, late(asked)]).then((answer) => setTimeout(() => {
      busy = false;
      run(() => engine.kept_answers(answer));
    }));
  };
}
