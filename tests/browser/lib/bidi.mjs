// Firefox as the distribution ships it, driven by WebDriver BiDi over its own socket. Only what the Firefox test needs:
// one tab, scripts run in it, and every error and request that it tells of.

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import WebSocket from 'ws';

/** Longest time for one step. */
const STEP = 30_000;

/** What must not happen by itself in a test: updates, telemetry, portals, first-run pages. */
const PREFERENCES = {
  'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'services.settings.server': 'data:,',
  'remote.prefs.recommended': true,
};

/** Rejects with `what` after a while, and does not keep the process alive. */
function overdue(what) {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`Firefox: ${what} took longer than ${STEP / 1000} s`)), STEP).unref();
  });
}

/** A running Firefox with a fresh profile and one tab. */
export class Firefox {
  #process;
  #socket;
  #profile;
  #tab;
  #lastId = 0;
  #waiting = new Map();
  /** Errors in the console, uncaught or written there. */
  errors = [];
  /** Addresses that were requested. */
  requests = [];

  /** Starts the program. */
  static async launch(program) {
    const firefox = new Firefox();
    try {
      await Promise.race([firefox.#start(program), overdue('the start')]);
    } catch (error) {
      await firefox.close();
      throw error;
    }
    return firefox;
  }

  async #start(program) {
    this.#profile = await mkdtemp(path.join(tmpdir(), 'oopscope-firefox-'));
    const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`);
    await writeFile(path.join(this.#profile, 'user.js'), lines.join(''));
    const start = ['--headless', '--no-remote', '--profile', this.#profile, '--remote-debugging-port', '0', 'about:blank'];
    this.#process = spawn(program, start, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, HOME: this.#profile } });
    const address = await new Promise((resolve, reject) => {
      const output = [];
      createInterface({ input: this.#process.stderr }).on('line', (line) => {
        output.push(line);
        const found = /^WebDriver BiDi listening on (ws:\S+)/.exec(line);
        if (found) resolve(found[1]);
      });
      this.#process.once('error', reject);
      this.#process.once('exit', (code) => reject(new Error(`Firefox ended with ${code}: ${output.slice(-5).join(' | ')}`)));
    });
    this.#socket = new WebSocket(`${address}/session`, { perMessageDeflate: false });
    await new Promise((resolve, reject) => this.#socket.once('open', resolve).once('error', reject));
    this.#socket.on('message', (data) => this.#received(JSON.parse(data)));
    await this.#send('session.new', { capabilities: {} });
    await this.#send('session.subscribe', { events: ['log.entryAdded', 'network.beforeRequestSent'] });
    await this.#send('script.addPreloadScript', {
      functionDeclaration: `() => {
        window.refusedByPolicy = [];
        addEventListener('securitypolicyviolation', (event) => {
          window.refusedByPolicy.push(event.effectiveDirective + ' ' + event.blockedURI);
        });
      }`,
    });
    this.#tab = (await this.#send('browsingContext.getTree', {})).contexts[0].context;
  }

  #received(message) {
    if (message.method === 'log.entryAdded') {
      if (message.params.level === 'error') this.errors.push(message.params.text);
    } else if (message.method === 'network.beforeRequestSent') {
      this.requests.push(message.params.request.url);
    }
    const waiting = this.#waiting.get(message.id);
    if (!waiting) return;
    this.#waiting.delete(message.id);
    if (message.type === 'error') waiting.reject(new Error(`${message.error}: ${message.message}`));
    else waiting.resolve(message.result);
  }

  #send(method, params) {
    const id = ++this.#lastId;
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#socket.send(JSON.stringify({ id, method, params }));
    return Promise.race([answer, overdue(method)]);
  }

  /** Opens an address and waits until it is loaded. */
  goto(url) {
    return this.#send('browsingContext.navigate', { context: this.#tab, url, wait: 'complete' });
  }

  /** Runs a function in the page with plain arguments and gives its plain result, awaited. */
  async evaluate(script, ...values) {
    const call = `async () => JSON.stringify(await (${script})(...${JSON.stringify(values)}) ?? null)`;
    const answer = await this.#send('script.callFunction', {
      functionDeclaration: call,
      target: { context: this.#tab },
      awaitPromise: true,
    });
    if (answer.type === 'exception') throw new Error(answer.exceptionDetails.text);
    return JSON.parse(answer.result.value);
  }

  /** Waits until a function in the page gives something true, and gives that. */
  async until(script, ...values) {
    for (const end = Date.now() + STEP; ; ) {
      const result = await this.evaluate(script, ...values);
      if (result) return result;
      if (Date.now() > end) throw new Error(`Firefox: not within ${STEP / 1000} s: ${script}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** What the page's policy has refused since it was loaded. */
  refused() {
    return this.evaluate(() => window.refusedByPolicy);
  }

  /** Presses a key, as a person does. */
  press(key) {
    const actions = [{ type: 'keyDown', value: key }, { type: 'keyUp', value: key }];
    return this.#send('input.performActions', { context: this.#tab, actions: [{ type: 'key', id: 'keyboard', actions }] });
  }

  /** Gives the page's file input files of this machine. */
  async setFiles(selector, files) {
    const { nodes } = await this.#send('browsingContext.locateNodes', {
      context: this.#tab,
      locator: { type: 'css', value: selector },
    });
    await this.#send('input.setFiles', { context: this.#tab, element: { sharedId: nodes[0].sharedId }, files });
  }

  /** Ends the program and removes its profile. */
  async close() {
    this.#socket?.terminate();
    // Without a number it never ran.
    if (this.#process?.pid && this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = new Promise((resolve) => this.#process.once('exit', resolve));
      this.#process.kill();
      await ended;
    }
    if (this.#profile) await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
