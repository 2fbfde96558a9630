// Starts the page: loads the UI that lies beside this file, hands it the build's id, registers the service worker.
// It must never guess an address: everything is found relative to this file, so it is always of one build.
// When anything fails it says so, with the reason, in the shell of index.html.

const here = new URL('./', import.meta.url);
const base = new URL('../../', here);
// …/v/<build-id>/boot.js
const buildId = here.pathname.split('/').at(-2);

function fail(reason, advice) {
  document.body.dataset.engine = 'dead';
  // The UI may have replaced the shell before it failed.
  let message = document.getElementById('boot-message');
  if (!message) {
    message = document.createElement('p');
    message.id = 'boot-message';
    document.body.prepend(message);
  }
  message.setAttribute('role', 'alert');
  message.textContent = `Oopscope could not start: ${reason} ${advice}`;
}

// The part of the page that reads dumps: loaded, its engine started, in an element of its own that stands nowhere yet. It comes
// when files are dragged over the page, or when nobody waits for anything, or with the first dump, whichever is first: to load
// and to compile it takes a third of the time from a drop to the stack.
let part = null;
let attempts = 0;

async function load() {
  // Some browsers remember that a script could not be loaded.
  const again = attempts === 0 ? '' : `?again=${attempts}`;
  attempts += 1;
  const { default: init, Dumps } = await import(new URL(`vmcore-ui.js${again}`, here).href);
  await init({ module_or_path: new URL('vmcore-ui_bg.wasm', here) });
  const element = document.createElement('div');
  const place = { element, tell: () => {} };
  place.dumps = new Dumps(element, buildId, here.href, (...words) => place.tell(...words));
  return place;
}

function prepare() {
  part ??= load().catch((error) => {
    part = null;
    throw error;
  });
  return part;
}

// With the first dump it gets its place on the page, and somebody who listens.
async function dumps(root, tell) {
  const place = await prepare();
  place.tell = tell;
  root.append(place.element);
  return place.dumps;
}

// Nobody has asked for it: when it can't be loaded now, that is said when a dump comes.
const ahead = () => void prepare().catch(() => {});

// A page that is just loaded has its log engine to make ready, and may have a log to read: those come first.
const QUIET = 1000;

function whenIdle() {
  if (part !== null || navigator.connection?.saveData) return;
  if (document.body.dataset.state === 'opening') setTimeout(whenIdle, QUIET);
  else if ('requestIdleCallback' in globalThis) requestIdleCallback(ahead, { timeout: QUIET });
  else ahead();
}

// The example of a dump: when somebody asks for it, not before.
async function example() {
  const response = await fetch(new URL('example.vmcore', here));
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  return new File([await response.blob()], 'example.vmcore');
}

async function start() {
  if (typeof WebAssembly !== 'object') {
    fail('WebAssembly is switched off in this browser.', 'Allow it for this page, or use the command: oopscope log FILE.');
    return;
  }
  try {
    const ui = await import(new URL('ui.js', here).href);
    await ui.default({ module_or_path: new URL('ui_bg.wasm', here) });
    ui.start(buildId, here.href, dumps, example);
    addEventListener('dragenter', ({ dataTransfer }) => dataTransfer?.types.includes('Files') && ahead());
    setTimeout(whenIdle, QUIET);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    fail(`${words}.`, 'Reload the page. If it stays, a file of the site is missing or was changed on the way: build ' + buildId + '.');
    return;
  }
  // Only on https and localhost. Without it all works but for opening the page offline.
  // `none`: an update must be seen whatever the server says about caching.
  navigator.serviceWorker
    ?.register(new URL('sw.js', base), { scope: base.href, updateViaCache: 'none' })
    .catch((error) => console.info(`No offline use: ${error}`));
}

await start();
