// The worker of the engine that reads logs, and of the disassemblers, which are a module of their own: it is loaded when
// the first report with code is to be shown, or when nobody waits for anything, whichever is first.
//
// How it is driven: drive.js; what it keeps between two visits: keep.js. Must never let the end of the disassemblers be the engine's.

import init, { Engine } from "./engine.js";
import { drive } from "./drive.js";
import { keeper } from "./keep.js";

let loading = false;
let attempts = 0;

async function disassemblers() {
  // Some browsers remember that a script could not be loaded; and one that has stopped must be a new one.
  const again = attempts === 0 ? "" : `?again=${attempts}`;
  attempts += 1;
  const { default: init, list } = await import(`./disasm.js${again}`);
  await init();
  return list;
}

function load(engine, run, then = () => {}) {
  if (loading) return;
  loading = true;
  // What the engine throws must not end here: a timer's errors are the worker's.
  const loaded = (work) => setTimeout(() => {
    loading = false;
    run(() => {
      const more = work();
      then();
      return more;
    });
  });
  disassemblers().then(
    (list) => loaded(() => engine.list_with(list)),
    (error) => loaded(() => engine.list_without(error instanceof Error ? error.message : String(error))),
  );
}

const keep = keeper();

await drive({
  async start(post) {
    await init();
    const engine = new Engine(post);
    engine.keep();
    return engine;
  },
  turned(engine, run) {
    if (engine.needs_disassembler()) load(engine, run);
    keep(engine, run);
  },
  idle(engine, run) {
    // It comes while the engine warms up; then its own part is warmed.
    if (attempts === 0) load(engine, run, () => engine.warm_up());
    engine.warm_up();
  },
});
