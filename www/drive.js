// Drives an engine in its worker, step by step, so that it hears the page between two steps. Of every engine: worker.js
// and vmcore-worker.js say which.
//
// Takes `{ id, request, files }`, posts `{ id, event }` (crates/protocol). Holds no logic: what to do is the engine's.
// When the engine dies (a panic, no memory) it posts a last `{ id: 0, event: { type: "failed", code: "engine", … } }`
// and throws, so that the page can start a fresh worker; it does nothing after that.

/** So long after the last message nobody waits, most likely, in milliseconds. */
const QUIET = 600;

/**
 * `start` gets the function to which the engine gives its answers, and makes the engine. What it may need besides:
 * `turned(engine, run)` comes after each turn of it, `idle(engine, run)` once, when most likely nobody waits for anything;
 * `run(work)` does something with the engine that may leave it work, as `engine.step` does.
 */
export async function drive({ start, turned = () => {}, idle = () => {} }) {
  let engine = null;
  let dead = false;
  let toldWhy = false;
  let working = false;
  let waiting = [];

  // Whoever has just asked for something, or has opened something that this engine only hands on, comes first.
  let quiet = null;
  function later() {
    clearTimeout(quiet);
    quiet = setTimeout(() => guarded(() => {
      if (working) return later();
      self.removeEventListener("message", later);
      idle(engine, run);
    }), QUIET);
  }

  // A message to ourselves comes after the messages that the page has sent meanwhile.
  const turns = new MessageChannel();
  turns.port1.onmessage = () => guarded(() => {
    working = engine.step();
    if (working) turns.port2.postMessage(null);
    turned(engine, run);
  });

  self.onmessage = ({ data }) => {
    if (engine === null) waiting.push(data);
    else run(() => engine.handle(data));
  };

  function run(work) {
    guarded(() => {
      const more = work();
      if (more && !working) {
        working = true;
        turns.port2.postMessage(null);
      }
      turned(engine, run);
    });
  }

  function post(answer) {
    // The engine's own last words, from its panic hook.
    if (answer.id === 0) toldWhy = true;
    self.postMessage(answer);
  }

  function guarded(work) {
    if (dead) return;
    try {
      work();
    } catch (error) {
      died(error);
    }
  }

  function died(error) {
    dead = true;
    if (!toldWhy) {
      const advice = "Reload the page. If the file is very large, close other tabs first.";
      self.postMessage({
        id: 0,
        event: { type: "failed", code: "engine", message: `The engine stopped: ${error}.`, advice },
      });
    }
    throw error;
  }

  try {
    engine = await start(post);
  } catch (error) {
    died(error);
  }
  for (const message of waiting) run(() => engine.handle(message));
  waiting = [];
  self.addEventListener("message", later);
  later();
}
