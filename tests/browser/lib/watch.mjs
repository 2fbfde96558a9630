// Watches a page for what must never happen: a request after it has loaded, an error in the console, a violation of
// the policy. Every test of the page runs under it (lib/page.mjs), whatever else it is about.

import assert from 'node:assert/strict';

/** Modules of the build that are loaded when they are first needed, or when nobody waits: their time is their own. */
export const LATE = /\/v\/[0-9a-f]+\/(disasm|drive|vmcore|vmcore-ui)(-worker)?(_bg)?\.(js|wasm)(\?again=\d+)?$/;

/** What was seen in all pages of one profile. */
export class Watch {
  #problems = [];
  #loading = true;
  #requests = 0;

  static async over(context) {
    const watch = new Watch();
    context.on('request', (request) => watch.#request(request.url()));
    context.on('console', (message) => {
      if (message.type() === 'error') watch.#problems.push(`console: ${message.text()}`);
    });
    context.on('weberror', (error) => watch.#problems.push(`uncaught: ${error.error()}`));
    await context.exposeFunction('oopscopeTestViolation', (words) => watch.#problems.push(`policy: ${words}`));
    await context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => {
        window.oopscopeTestViolation(`${event.violatedDirective} blocked ${event.blockedURI || 'inline'}`);
      });
    });
    return watch;
  }

  #request(url) {
    // These never leave the page.
    if (url.startsWith('blob:') || url.startsWith('data:')) return;
    this.#requests += 1;
    if (!this.#loading && !LATE.test(url)) this.#problems.push(`request after load: ${url}`);
  }

  /** From now on a request is a problem. */
  loaded() {
    this.#loading = false;
  }

  /** Requests are allowed while this runs: another visit. */
  async whileLoading(visit) {
    this.#loading = true;
    const result = await visit();
    this.#loading = false;
    return result;
  }

  /** Number of requests so far, to see that the watch itself works. */
  get requests() {
    return this.#requests;
  }

  /** Takes what was seen so far; for tests that cause a problem on purpose. */
  take() {
    return this.#problems.splice(0);
  }

  /** Fails when anything was seen. */
  check() {
    assert.deepEqual(this.#problems, [], 'what must never happen in a page');
  }
}
