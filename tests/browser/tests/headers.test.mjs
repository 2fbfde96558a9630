// The page's policy: served with every answer as netlify.toml has it, stated in the page too, and kept by the browser.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { suite } from '../lib/page.mjs';
import { buildId, ROOT } from '../lib/site.mjs';

const { pageTest } = suite();

/** The `[[headers]]` tables of netlify.toml: path pattern → names and values. */
async function rules() {
  const text = await readFile(path.join(ROOT, 'netlify.toml'), 'utf8');
  return text.split(/^\[\[headers\]\]$/m).slice(1).map((table) => ({
    for: /^\s*for = "(.*)"$/m.exec(table)[1],
    values: [...table.matchAll(/^\s*([A-Z][A-Za-z-]+) = "(.*)"$/gm)].map(([, name, value]) => [name, value]),
  }));
}

const applies = (pattern, name) =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;

pageTest('every answer carries the headers of netlify.toml', async ({ url }) => {
  const build = await buildId();
  const tables = await rules();
  assert.ok(tables.length >= 5);
  const everywhere = tables.find((table) => table.for === '/*').values.map(([name]) => name.toLowerCase());
  for (const name of ['content-security-policy', 'x-content-type-options', 'referrer-policy']) {
    assert.ok(everywhere.includes(name), `${name} is for every answer`);
  }
  const names = ['/', '/index.html', '/sw.js', '/version.json', '/manifest.webmanifest', '/icons/oopscope.svg',
    `/v/${build}/boot.js`, `/v/${build}/worker.js`, `/v/${build}/engine_bg.wasm`, `/v/${build}/style.css`];
  for (const name of [...names, '/not-there', '/v/000000000000/ui.js']) {
    const answer = await fetch(new URL(name, url));
    assert.equal(answer.status, names.includes(name) ? 200 : 404, name);
    await answer.arrayBuffer();
    for (const table of tables.filter((table) => applies(table.for, name))) {
      // A 404 must not be kept for a year.
      for (const [header, value] of table.values.filter(([header]) => answer.ok || header !== 'Cache-Control')) {
        assert.equal(answer.headers.get(header), value, `${name}: ${header}`);
      }
    }
  }
  const types = { '/': 'text/html', [`/v/${build}/boot.js`]: 'text/javascript', [`/v/${build}/engine_bg.wasm`]: 'application/wasm' };
  for (const [name, type] of Object.entries(types)) {
    const answer = await fetch(new URL(name, url));
    assert.ok(answer.headers.get('Content-Type').startsWith(type), name);
  }
});

pageTest('the policy in the page is that of the header, which alone can forbid framing', async ({ page, url }) => {
  const header = (await fetch(url)).headers.get('Content-Security-Policy').split(/;\s*/);
  const meta = (await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content')).split(/;\s*/);
  assert.deepEqual(header.filter((directive) => !directive.startsWith('frame-ancestors')), meta);
  assert.ok(header.includes("frame-ancestors 'none'"));
  assert.ok(header.includes("default-src 'none'") && header.includes("connect-src 'self'"));
});

/** Things that code of an enemy would try, with the directive that must stop each. */
const ATTEMPTS = {
  'script-src-elem': () => {
    const script = document.createElement('script');
    script.textContent = 'window.harmed = 1';
    document.body.append(script);
  },
  'script-src-attr': () => {
    const button = document.createElement('button');
    button.setAttribute('onclick', 'window.harmed = 2');
    document.body.append(button);
    button.click();
    button.remove();
  },
  'script-src': () => {
    try {
      window.setTimeout('window.harmed = 3', 0);
    } catch {
      // Some browsers throw, too.
    }
  },
  'connect-src': () => navigator.sendBeacon('http://127.0.0.1:9/'),
  'img-src': () => {
    new Image().src = 'http://127.0.0.1:9/x.png';
  },
  'frame-src': () => {
    const frame = document.createElement('iframe');
    frame.src = 'http://127.0.0.1:9/';
    document.body.append(frame);
    frame.remove();
  },
  'style-src-elem': () => {
    const style = document.createElement('style');
    style.textContent = '* { display: none }';
    document.head.append(style);
  },
};

const nextRefusal = (page) =>
  page.evaluate(
    () => new Promise((resolve) => {
      addEventListener('securitypolicyviolation', (event) => resolve(event.effectiveDirective), { once: true });
    }),
  );

pageTest('the browser keeps the policy, and the page shows what was refused', async ({ page, watch }) => {
  for (const [directive, attempt] of Object.entries(ATTEMPTS)) {
    const refused = nextRefusal(page);
    await page.evaluate(`(${attempt})()`);
    assert.equal(await refused, directive);
  }
  assert.equal(await page.evaluate(() => window.harmed), undefined);
  // These were violations on purpose.
  assert.ok(watch.take().length >= Object.keys(ATTEMPTS).length);
  const button = page.locator('#status button').first();
  assert.match(await button.innerText(), /a request went elsewhere or was refused/);
  await button.click();
  assert.match(await page.locator('#requests-dialog').innerText(), /connect-src/);
});

pageTest('no form can carry anything away', async ({ page, watch, url }) => {
  const refused = nextRefusal(page);
  await page.evaluate(() => {
    const form = document.createElement('form');
    form.action = 'http://127.0.0.1:9/';
    document.body.append(form);
    form.submit();
  });
  assert.equal(await refused, 'form-action');
  assert.equal(await page.evaluate(() => location.href), url);
  assert.ok(watch.take().every((problem) => /form-action/.test(problem)));
});

pageTest('the list of requests holds what the page has loaded and nothing since', async ({ page, url }) => {
  assert.match(await page.locator('#status button').first().innerText(), /nothing has left this machine/);
  await page.locator('#requests').click();
  const dialog = await page.locator('#requests-dialog').innerText();
  assert.match(dialog, /[\d]+ requests in all, 0 since the page had loaded, 0 to another origin/);
  for (const name of ['ui.js', 'ui_bg.wasm', 'style.css']) assert.ok(dialog.includes(name), name);
  const addresses = await page.locator('#requests-dialog td.url').allInnerTexts();
  assert.ok(addresses.every((address) => address.startsWith(url)), addresses.join('\n'));
});
