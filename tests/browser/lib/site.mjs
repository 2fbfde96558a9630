// Sites to test against: what `cargo xtask dist` left, served by the very server of `cargo xtask serve`, so that the
// headers are the real ones; and a second build of it, to test updates.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The checkout. */
export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
/** The built site. */
export const SITE = process.env.OOPSCOPE_SITE ?? path.join(ROOT, 'dist');

/** Whether this is CI, where nothing may be skipped. */
export const onCi = !['', 'false'].includes(process.env.CI ?? '');

/** Path of a fixture, such as `guests/6.1/null_write.log`. */
export const fixture = (name) => path.join(ROOT, 'tests/fixtures', name);

/** Serves a built site; gives its address and a function that stops the server. Port 0 is any free one. */
export async function serve(directory = SITE, port = 0) {
  // Set by `cargo xtask test`. By hand: whatever cargo has built.
  const xtask = process.env.OOPSCOPE_XTASK;
  const [program, ...start] = xtask ? [xtask] : ['cargo', 'xtask'];
  const server = spawn(program, [...start, 'serve', '--built', '--dir', directory, '--port', String(port)], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: server.stdout });
  const url = await new Promise((resolve, reject) => {
    lines.once('line', resolve);
    server.once('error', reject);
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}; was the site built?`)));
  });
  return {
    url,
    port: Number(new URL(url).port),
    async stop() {
      if (server.exitCode !== null || server.signalCode !== null) return;
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill();
      await ended;
    },
  };
}

/** The build's id of a site. */
export async function buildId(directory = SITE) {
  return JSON.parse(await readFile(path.join(directory, 'version.json'), 'utf8')).build;
}

/**
 * A copy of the site under another build's id, as a deployment of the next version would be: all occurrences are
 * replaced (the engine carries the id too; both have the same length), and the hashes made anew.
 * The caller removes it with `rm`.
 */
export async function nextBuild() {
  const old = await buildId();
  const id = [...old].map((digit) => ((parseInt(digit, 16) + 1) % 16).toString(16)).join('');
  const directory = await mkdtemp(path.join(tmpdir(), 'oopscope-site-'));
  await cp(SITE, directory, { recursive: true });
  await rename(path.join(directory, 'v', old), path.join(directory, 'v', id));

  const oldList = path.join(directory, 'v', id, 'files.json');
  const oldHash = integrity(await readFile(oldList));
  const files = {};
  for (const name of await below(directory)) {
    const file = path.join(directory, name);
    const bytes = replaceAll(await readFile(file), old, id);
    await writeFile(file, bytes);
    if (name.startsWith('v/') ? !name.endsWith('/files.json') : !['sw.js', 'version.json'].includes(name)) {
      files[name] = integrity(bytes);
    }
  }
  await writeFile(oldList, JSON.stringify({ build: id, files }));
  const worker = path.join(directory, 'sw.js');
  const text = (await readFile(worker, 'utf8')).replace(oldHash, integrity(await readFile(oldList)));
  await writeFile(worker, text);
  return { directory, id, remove: () => rm(directory, { recursive: true }) };
}

const integrity = (bytes) => `sha256-${createHash('sha256').update(bytes).digest('base64')}`;

async function below(directory) {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath ?? entry.path, entry.name)))
    .map((name) => name.split(path.sep).join('/'));
}

function replaceAll(bytes, from, to) {
  // latin1 keeps every byte as it is.
  return Buffer.from(bytes.toString('latin1').replaceAll(from, to), 'latin1');
}
