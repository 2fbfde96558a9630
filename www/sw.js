// The service worker: keeps the whole of one build, so that the page works with the network off, and never mixes two.
//
// Contract with the page
//   - It becomes active by itself only on the very first visit (there is no older one), and then takes over the page
//     that is open: the page sees `controllerchange` once. That is no reason to reload.
//   - `registration.waiting` is set when an update is complete and ready. It waits, for however long, until the page
//     posts `{type: 'activate'}` to it; then `controllerchange` fires in every open page. The page that asked
//     reloads itself; others may go on as they are: the files of their build are kept.
//   - Offline use is ready when `navigator.serviceWorker.controller` is set.
//
// What it must never do: answer with a file of another build than the one asked for, answer a missing file with
// index.html, skip waiting by itself, or touch anything that is not a file of the site (there is nothing else: what
// a user opens never gets here).
//
// xtask writes the two values below into the copy that is served, so a new build is a new sw.js.
const BUILD_ID = '{{BUILD_ID}}';
const FILES_INTEGRITY = '{{FILES_INTEGRITY}}';

const PREFIX = 'oopscope-';
const CACHE = PREFIX + BUILD_ID;
const SCOPE = new URL(self.registration.scope);

// All files of the build or none: a failure of one fails the install, and what was active stays so.
async function install() {
  const list = await download(`v/${BUILD_ID}/files.json`, FILES_INTEGRITY);
  const { files } = await list.clone().json();
  const cache = await caches.open(CACHE);
  try {
    await cache.put(new URL(`v/${BUILD_ID}/files.json`, SCOPE), list);
    await Promise.all(
      Object.entries(files).map(async ([name, integrity]) => {
        await cache.put(new URL(name, SCOPE), await download(name, integrity));
      }),
    );
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
}

// The browser itself checks the hash. Files of a build may come out of its HTTP cache, which has just loaded them
// for the page; where that copy turns out to be wrong the network is asked once more.
async function download(name, integrity) {
  const url = new URL(name, SCOPE);
  const mode = name.startsWith('v/') ? 'default' : 'no-cache';
  let response;
  try {
    response = await fetch(url, { integrity, cache: mode });
  } catch {
    response = await fetch(url, { integrity, cache: 'reload' });
  }
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response;
}

// Builds of pages that may still be open are kept. Which build an open page is of can't be seen from here, so all
// are kept until no page but `arriving`, which gets this build, is open.
async function forgetOldBuilds(arriving) {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true });
  if (pages.some((page) => page.id !== arriving)) return;
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  // A build that is being installed right now, or waits, is newer, not old.
  if (self.registration.installing || self.registration.waiting) return;
  await Promise.all(old.map((name) => caches.delete(name)));
}

// The page and what lies beside it: out of this build alone.
async function fromThisBuild(request, name) {
  const cache = await caches.open(CACHE);
  return (await cache.match(new URL(name, SCOPE))) ?? fetch(request);
}

// `v/<id>/…` names its build itself, so whichever cache has it has the right one.
async function fromAnyBuild(request, url) {
  for (const name of await caches.keys()) {
    if (!name.startsWith(PREFIX)) continue;
    const cache = await caches.open(name);
    const found = await cache.match(url);
    if (found) return found;
  }
  try {
    return await fetch(request);
  } catch {
    return new Response('This file is of a build that is not kept, and the network is off.\n', {
      status: 404,
      headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' },
    });
  }
}

self.addEventListener('install', (event) => event.waitUntil(install()));

self.addEventListener('activate', (event) => {
  event.waitUntil(
    (async () => {
      await forgetOldBuilds();
      await self.clients.claim();
    })(),
  );
});

self.addEventListener('message', (event) => {
  if (event.data?.type === 'activate') event.waitUntil(self.skipWaiting());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET') return;
  const url = new URL(request.url);
  url.hash = '';
  url.search = '';
  if (url.origin !== SCOPE.origin || !url.pathname.startsWith(SCOPE.pathname)) return;
  const name = url.pathname.slice(SCOPE.pathname.length);
  // What the server has now: the one thing that must not come from a cache.
  if (name === 'version.json') return;
  if (name.startsWith('v/')) {
    event.respondWith(fromAnyBuild(request, url));
    return;
  }
  event.respondWith(fromThisBuild(request, name === '' ? 'index.html' : name));
  if (request.mode === 'navigate') event.waitUntil(forgetOldBuilds(event.resultingClientId));
});
