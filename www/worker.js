// The engine's worker: loads the engine and drives it, step by step, so that it hears the page between two steps.
//
// Takes `{ id, request, files }`, posts `{ id, event }` (crates/protocol). Holds no logic: what to do is the engine's.
// When the engine dies (a panic, no memory) it posts a last `{ id: 0, event: { type: "failed", code: "engine", … } }`
// and throws, so that the page can start a fresh worker; it does nothing after that.

import init, { Engine } from "./engine.js";

let engine = null;
let dead = false;
let toldWhy = false;
let working = false;
let waiting = [];

// A message to ourselves comes after the messages that the page has sent meanwhile.
const turns = new MessageChannel();
turns.port1.onmessage = () => guarded(() => {
  working = engine.step();
  if (working) turns.port2.postMessage(null);
});

self.onmessage = ({ data }) => {
  if (engine === null) waiting.push(data);
  else guarded(() => handle(data));
};

function handle(message) {
  const more = engine.handle(message);
  if (more && !working) {
    working = true;
    turns.port2.postMessage(null);
  }
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
  await init();
  engine = new Engine(post);
} catch (error) {
  died(error);
}
for (const message of waiting) guarded(() => handle(message));
waiting = [];
// Nobody waits for the engine now, most likely; if somebody does, they come first.
setTimeout(() => guarded(() => working || engine.warm_up()), 50);
