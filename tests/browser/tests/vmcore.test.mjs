// A dump in the page: what is shown of it, that it is what the command says, that only the page's own files are loaded for
// it, that of a large one little is read, and that it survives its engine.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { promisify } from 'node:util';
import { drop, examine, inState, pick, suite, visit } from '../lib/page.mjs';
import { words } from '../lib/report.mjs';
import { fixture } from '../lib/site.mjs';

const { pageTest } = suite();
const DUMP = fixture('dumps/small.vmcore');
/** What another debugger says of it. */
const ORACLE = JSON.parse(await readFile(fixture('dumps/small.oracle.json'), 'utf8'));

let directory;
before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'oopscope-vmcore-'));
});
after(() => rm(directory, { recursive: true }));

/** Opens a dump by dropping it. The modules for dumps are loaded then, and that for the code of its log's report: no others. */
async function dropDump(page, watch, files) {
  await watch.whileLoading(async () => {
    const asked = [];
    const note = (request) => asked.push(request.url());
    page.context().on('request', note);
    await drop(page, files);
    await page.waitForFunction(() => document.body.dataset.state === 'open' && document.querySelector('#panic'));
    page.context().off('request', note);
    const strange = asked.filter((url) => !/^(blob:|data:)|\/v\/[0-9a-f]+\/(vmcore|vmcore-ui|vmcore-worker|drive|disasm)(_bg)?\.(js|wasm)$/.test(url));
    assert.deepEqual(strange, [], 'only modules of the build');
  });
}

/** What the console answers. */
async function run(page, command) {
  await tab(page, 'Console');
  const entries = page.locator('#console-screen .entry');
  const before = await entries.count();
  await page.locator('#command').fill(command);
  await page.locator('#command').press('Enter');
  const answer = entries.nth(before).locator('pre, .problem').first();
  await answer.waitFor();
  return answer.innerText();
}

const tab = (page, name) => page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name, exact: false }).first().click();

pageTest('a dropped vmcore: its end, its machine, the way to the report of its log', async ({ page, watch }) => {
  await dropDump(page, watch, DUMP);
  assert.match(await words(page, '#panic-message'), /Fatal exception in interrupt/);
  const stack = await words(page, '#panic .dump-stack');
  assert.match(stack, /oops_guest|guest_/, 'a frame of the module');
  assert.match(stack, /On the CPU's interrupt stack/);
  assert.match(stack, /On the task's stack/);
  assert.match(await words(page, '#system'), /Release 6\.12\.117-small/);
  assert.match(await words(page, '#dump-facts'), /Dump level 31/);
  assert.match(await words(page, '#dump-status'), /read in [\d,]+ reads · opened in/);
  await page.locator('#to-report').click();
  await page.locator('#title', { hasText: 'NULL pointer' }).waitFor();
  await tab(page, 'Log');
  await page.locator('#log').focus();
  await page.keyboard.press('Home');
  await page.locator('#log .t-row', { hasText: 'Linux version 6.12.117-small' }).waitFor();
  await tab(page, 'Overview');
  await page.locator('#panic').waitFor();
});

pageTest('the log by level, searched, copied; its report is marked and one step away', async ({ page, watch, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await dropDump(page, watch, DUMP);
  const list = page.locator('#log');
  const rows = page.locator('#log .t-row:not(.t-head)');
  const hit = page.locator('#log .t-row.sel');
  const count = async () => Number(await list.getAttribute('aria-rowcount')) - 1;
  const copied = async (button) => {
    await page.evaluate(() => navigator.clipboard.writeText(''));
    await page.locator(button).click();
    await page.waitForFunction(async () => (await navigator.clipboard.readText()) !== '');
    return (await page.evaluate(() => navigator.clipboard.readText())).replace(/\n$/, '').split('\n');
  };

  // By the key: the search field has the focus although the view was not there yet.
  await page.keyboard.press('/');
  await list.waitFor();
  await page.waitForFunction(() => document.activeElement?.id === 'find');
  const all = await count();
  assert.equal(await words(page, '#log-shown'), `${all} lines`);
  const text = await copied('#copy-shown');
  assert.equal(text.length, all, 'a row is a line');
  assert.match(text[0], /^\[ {4}0\.000000\] Linux version 6\.12\.117-small/);

  // The report: the rows from its first line on are marked, the first leads to it.
  const link = rows.getByRole('button', { name: 'Report:' }).first();
  await link.waitFor();
  const title = (await link.innerText()).replace('Report: ', '');
  const row = rows.filter({ has: page.locator('.to-report') }).first();
  assert.match(await row.innerText(), /BUG: kernel NULL pointer dereference/);
  assert.match(await row.getAttribute('class'), /fatal/);
  assert.ok((await page.locator('#log .t-row.fatal').count()) > 20);
  assert.equal(await page.locator('#log .t-row', { hasText: 'Linux version' }).count(), 0, 'the list begins at the report');
  await link.click();
  await page.locator('#title').waitFor();
  assert.equal(await words(page, '#title'), title);
  await page.keyboard.press('g');
  await page.keyboard.press('l');
  await list.waitFor();

  // Search: all that is found, one after the other, round and round.
  await page.locator('#find').fill('rip: 0010');
  await page.locator('#find-outcome', { hasText: /^in \d+ lines?$/ }).waitFor();
  await page.locator('#find').press('Enter');
  await page.locator('#find-outcome', { hasText: /^\d+ of \d+$/ }).waitFor();
  const found = text.filter((line) => line.toLowerCase().includes('rip: 0010'));
  const [n, of] = (await words(page, '#find-outcome')).split(' of ').map(Number);
  assert.deepEqual([n, of], [1, found.length]);
  assert.equal(await hit.locator('mark').first().innerText(), 'RIP: 0010');
  await page.locator('#find').press('Shift+Enter');
  await page.locator('#find-outcome', { hasText: `${of} of ${of}` }).waitFor();
  await page.locator('#find').press('Enter');
  await page.locator('#find-outcome', { hasText: `1 of ${of}` }).waitFor();
  assert.deepEqual(await copied('#copy-selected'), [found[0]]);
  await list.focus();
  await page.keyboard.press('Shift+ArrowDown');
  await page.keyboard.press('Shift+ArrowDown');
  assert.equal(await hit.count(), 3);
  const at = text.indexOf(found[0]);
  assert.deepEqual(await copied('#copy-selected'), text.slice(at, at + 3));
  await list.focus();
  await page.keyboard.press('Enter');
  await page.locator('#title', { hasText: title }).waitFor();
  await tab(page, 'Log');

  // By level.
  await page.locator('#find').fill('no such text');
  await page.locator('#find-outcome', { hasText: 'not in these lines' }).waitFor();
  await page.locator('#log-level').selectOption({ label: 'err and worse' });
  await page.locator('#log-shown', { hasText: ' of ' }).waitFor();
  const worse = await count();
  assert.ok(worse > 0 && worse < all, `${worse} of ${all}`);
  await list.focus();
  await page.keyboard.press('Home');
  const levels = await rows.locator('> span:nth-child(2)').allInnerTexts();
  assert.deepEqual(levels.filter((level) => !['emerg', 'alert', 'crit', 'err'].includes(level)), []);
  assert.equal((await copied('#copy-shown')).length, worse);
  await rows.getByRole('button', { name: 'Report:' }).first().waitFor();
  await page.locator('#log-level').selectOption({ label: 'all' });
  assert.equal(await count(), all);
});

pageTest('the tasks are those of the dump; sorted, filtered, as a tree, to a stack, by the keyboard alone', async ({ page, watch }) => {
  await dropDump(page, watch, DUMP);
  await page.keyboard.press('g');
  await page.keyboard.press('p');
  await page.locator('#task-list').waitFor();
  assert.equal(await page.locator('#task-list').getAttribute('aria-rowcount'), String(ORACLE.tasks.length + 1));
  await page.locator('#task-list').focus();
  await page.keyboard.press('Home');
  const first = page.locator('#task-list .t-row.sel');
  assert.match(await first.innerText(), /swapper\/0/);
  await page.getByRole('columnheader', { name: 'PID', exact: true }).getByRole('button').click();
  await page.getByRole('columnheader', { name: 'PID', exact: true }).getByRole('button').click();
  const pids = await page.locator('#task-list .t-row:not(.t-head) .pid').allInnerTexts();
  assert.equal(Number(pids[0]), Math.max(...ORACLE.tasks.map((task) => task.pid)));
  await page.locator('#task-tree').click();
  await page.locator('#task-filter').fill('kthreadd');
  const rows = await page.locator('#task-list .t-row:not(.t-head) .comm').allInnerTexts();
  assert.ok(rows.some((row) => row.includes('[kthreadd]')), rows.join());
  await page.locator('#task-list').focus();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.locator('#backtrace', { hasText: 'kthreadd, PID 2' }).waitFor();
  await page.locator('#backtrace .dump-stack .line').first().waitFor();
  await page.locator('#backtrace', { hasText: 'It ends here' }).waitFor();
});

pageTest('every CPU has its stack, and it can be copied as the command prints it', async ({ page, watch, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await dropDump(page, watch, DUMP);
  await tab(page, 'Backtraces');
  const list = page.getByRole('navigation', { name: 'Whose stack' });
  assert.ok((await list.getByRole('button').count()) >= 2);
  await list.getByRole('button').first().focus();
  await page.keyboard.press('End');
  await page.locator('#backtrace h2', { hasText: 'CPU' }).waitFor();
  await page.locator('#copy-stack').click();
  await page.locator('#said', { hasText: 'Copied.' }).waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /PID: .*COMMAND: /);
});

pageTest('the console runs commands, completes, remembers', async ({ page, watch }) => {
  await dropDump(page, watch, DUMP);
  await tab(page, 'Console');
  const line = page.locator('#command');
  await page.waitForFunction(() => document.activeElement?.id === 'command');
  await line.fill('p init_task.comm');
  await line.press('Enter');
  await page.locator('#console-screen pre', { hasText: 'swapper' }).waitFor();
  await line.fill('nonsense');
  await line.press('Enter');
  await page.locator('#console-screen .problem').waitFor();
  await line.press('ArrowUp');
  await line.press('ArrowUp');
  assert.equal(await line.inputValue(), 'p init_task.comm');
  await line.press('Escape');
  assert.equal(await line.inputValue(), '');
  await line.fill('sym init_ta');
  await line.press('Tab');
  await page.waitForFunction(() => document.getElementById('command').value.startsWith('sym init_task'));
  await line.press('Control+l');
  assert.equal(await page.locator('#console-screen .entry').count(), 0);
});

for (const colorScheme of ['light', 'dark']) {
  pageTest(`axe finds nothing serious in the views of a dump, ${colorScheme}`, { colorScheme }, async ({ page, watch }) => {
    await dropDump(page, watch, DUMP);
    await page.locator('#panic details summary').first().click();
    await examine(page, 'overview');
    for (const name of ['Log', 'Backtraces', 'Tasks', 'Modules', 'Memory', 'Console']) {
      await tab(page, name);
      if (name === 'Tasks') await page.locator('#task-list .t-row').nth(3).click();
      await examine(page, name);
    }
  });
}

pageTest('exception stacks and numbers beyond 2^53 reach the page', { open: false }, async ({ page, watch, url }) => {
  await page.addInitScript(() => {
    const { get } = Object.getOwnPropertyDescriptor(MessageEvent.prototype, 'data');
    Object.defineProperty(MessageEvent.prototype, 'data', {
      configurable: true,
      get() {
        const data = get.call(this);
        if (data?.event?.type === 'panic' && data.event.backtrace.length) data.event.backtrace[0].stack = { exception: 'NMI' };
        // 127 days in nanoseconds, as the engine sends what a number does not hold.
        if (data?.event?.type === 'tasks') data.event.tasks[0].started = 11_000_000_000_000_001n;
        return data;
      },
    });
  });
  await visit(page, url, watch);
  await dropDump(page, watch, DUMP);
  assert.match(await words(page, '#panic .dump-stack'), /On the CPU's NMI exception stack/);
  await tab(page, 'Tasks');
  await page.locator('#task-list .t-row .started', { hasText: '11,000,000.00' }).waitFor();
});

pageTest('the document that is downloaded is the one that the command prints', async ({ page, watch }) => {
  await dropDump(page, watch, DUMP);
  const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#dump-json').click()]);
  const document = JSON.parse(await readFile(await download.path(), 'utf8'));
  assert.equal(document.schema, 'oopscope-vmcore/1');
  assert.deepEqual(document.tasks.map((task) => task.pid).sort(), ORACLE.tasks.map((task) => task.pid).sort());
  const command = process.env.OOPSCOPE_CLI;
  if (command) {
    const { stdout } = await promisify(execFile)(command, ['core', DUMP, '--format', 'json'], { maxBuffer: 1 << 28 });
    assert.deepEqual(document, JSON.parse(stdout));
  }
});

pageTest('killed while a dump is open, its engine is replaced and what is on the screen stays', async ({ page, watch }) => {
  await dropDump(page, watch, DUMP);
  const before = await words(page, '#panic');
  await watch.whileLoading(async () => {
    await page.evaluate(() => dispatchEvent(new Event('oopscope-kill-dump-engine')));
    await page.locator('#stopped', { hasText: 'A fresh one has opened small.vmcore again.' }).waitFor();
  });
  assert.equal(await words(page, '#panic'), before);
  await tab(page, 'Console');
  await page.locator('#command').fill('sys');
  await page.locator('#command').press('Enter');
  await page.locator('#console-screen pre', { hasText: '6.12.117-small' }).waitFor();
  await watch.whileLoading(async () => {
    await page.evaluate(() => dispatchEvent(new Event('oopscope-kill-dump-engine')));
    await page.locator('#problem', { hasText: 'stopped twice on small.vmcore' }).waitFor();
    await tab(page, 'Overview');
    assert.equal(await words(page, '#panic'), before);
    await page.locator('#reopen').click();
    await page.locator('#dump-opening').waitFor({ state: 'detached' });
    await page.locator('#reopen').waitFor({ state: 'detached' });
  });
});

pageTest('the example is fetched when it is asked for, and opens as any dump', async ({ page, watch }) => {
  await watch.whileLoading(async () => {
    const answer = page.waitForResponse(/\/example\.vmcore$/);
    await page.locator('#example-dump').click();
    assert.equal((await answer).status(), 200);
    await page.locator('#panic .dump-stack').waitFor();
    await inState(page, 'open');
  });
  assert.match(await words(page, '#panic-message'), /Fatal exception in interrupt/);
  assert.match(await words(page, 'header .file'), /example\.vmcore/);
});

/** Drops a vmlinux whose text begins at `text` onto the open dump. What was shown of the dump must be shown again. */
async function dropVmlinux(page, text) {
  const file = path.join(directory, 'vmlinux');
  await writeFile(file, vmlinux(text));
  await tab(page, 'Overview');
  const stack = await words(page, '#panic .dump-stack');
  await page.evaluate(() => performance.clearMarks());
  await drop(page, file);
  await page.waitForFunction(() => performance.getEntriesByName('oopscope-dump-done', 'mark').length > 0);
  await inState(page, 'open');
  assert.equal(await words(page, '#panic .dump-stack'), stack);
}

pageTest('a vmlinux dropped onto a dump that is open adds its symbols', async ({ page, watch }) => {
  await dropDump(page, watch, DUMP);
  assert.match(await run(page, 'sym oopscope_in_the_file'), /no symbol is called oopscope_in_the_file/);
  await dropVmlinux(page, TEXT);
  assert.equal(await page.locator('#unread', { hasText: 'vmlinux' }).count(), 0);
  const address = async (symbol) => BigInt(`0x${/\b[0-9a-f]{16}\b/.exec(await run(page, `sym ${symbol}`))[0]}`);
  const offset = (await address('oopscope_in_the_file')) - (await address('_stext'));
  assert.equal(offset, 0x40n, 'where the kernel was moved to');
});

pageTest('a vmlinux of another kernel dropped onto a dump that is open is named with the reason', async ({ page, watch }) => {
  await dropDump(page, watch, DUMP);
  await dropVmlinux(page, TEXT + 0x10_0000n);
  await page.locator('#unread', { hasText: 'vmlinux is of another build' }).waitFor();
});

pageTest('what only looks like a dump is refused, and what was open stays', async ({ page, watch }) => {
  await dropDump(page, watch, DUMP);
  await pick(page, { name: 'not.vmcore', mimeType: '', buffer: Buffer.from('KDUMP   ' + '\0'.repeat(5000)) });
  await page.locator('#problem', { hasText: 'not.vmcore' }).waitFor();
  assert.match(await words(page, '#problem'), /small\.vmcore is still open/);
  await page.locator('#panic-message', { hasText: 'Fatal exception' }).waitFor();
  await pick(page, fixture('guests/6.1/null_write.log'));
  await page.locator('#title', { hasText: 'NULL pointer' }).waitFor();
  assert.equal(await page.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: 'Tasks' }).count(), 0);
  await inState(page, 'open');
});

pageTest('a dump whose data lie past 4 GiB is read there, and little of it', { timeout: 120_000 }, async ({ page, watch }) => {
  const file = path.join(directory, 'large.flat');
  await flattened(file);
  await dropDump(page, watch, file);
  await page.locator('#panic-message', { hasText: 'Fatal exception in interrupt' }).waitFor();
  const status = await words(page, '#dump-status');
  const read = /^([\d.]+) (kB|MB) of 5\.38 GB read in/.exec(status);
  assert.ok(read, status);
  assert.ok(Number(read[1]) * { kB: 1e3, MB: 1e6 }[read[2]] < 64e6, status);
});

pageTest('6 GiB without a kernel: the container is shown at once, the search tells how far it is and can be ended', async ({ page, watch }) => {
  const file = path.join(directory, 'large.vmcore');
  await sparse(file);
  await watch.whileLoading(async () => {
    await pick(page, file);
    await page.locator('#dump-facts').waitFor();
    await page.locator('#dump-opening .figures', { hasText: 'of 6.44 GB read' }).waitFor();
    // The engine does not hear it while it searches: it is ended.
    await page.locator('#dump-cancel').click();
    await page.locator('#dump-incomplete', { hasText: 'stopped before its end' }).waitFor();
    await inState(page, 'open');
    await page.waitForTimeout(500);
  });
  assert.match(await words(page, '#dump-facts'), /ELF core/);
  await tab(page, 'Tasks');
  assert.match(await words(page, '#main'), /The tasks could not be read: see the overview/);
  await page.locator('#reopen').waitFor();
});

/**
 * The committed dump in makedumpfile's flattened form (a page of header, then records of offset, size, bytes; all numbers
 * big-endian): behind a record of 5 GiB of zeros that lands beyond the end of the dump.
 */
async function flattened(file) {
  const dump = await readFile(DUMP);
  const zeros = 5 * 2 ** 30;
  const header = Buffer.alloc(4096);
  header.write('makedumpfile');
  header.writeBigInt64BE(1n, 16);
  header.writeBigInt64BE(1n, 24);
  const record = (offset, size) => {
    const record = Buffer.alloc(16);
    record.writeBigInt64BE(BigInt(offset), 0);
    record.writeBigInt64BE(BigInt(size), 8);
    return record;
  };
  const handle = await open(file, 'w');
  let at = 0;
  for (const piece of [header, record(2 ** 35, zeros), zeros, record(0, dump.length), dump, record(-1, -1)]) {
    if (typeof piece === 'number') at += piece;
    else {
      await handle.write(piece, 0, piece.length, at);
      at += piece.length;
    }
  }
  await handle.close();
}

/**
 * A sparse ELF core of x86-64 of 6 GiB: one note segment, and memory of which the last page holds VMCOREINFO's text at an offset past
 * 4 GiB. There is no kernel in it: the container is to be read, and what is missing said.
 */
async function sparse(file) {
  const GIB = 2 ** 30;
  const [size, from] = [6 * GIB, 4096];
  const info = Buffer.from('OSRELEASE=6.12.0-sparse\nPAGESIZE=4096\n');
  const name = Buffer.from('VMCOREINFO\0\0');
  const note = Buffer.alloc(12);
  note.writeUInt32LE(11, 0);
  note.writeUInt32LE(info.length, 4);
  const notes = Buffer.concat([note, name, info, Buffer.alloc((4 - (info.length % 4)) % 4)]);
  const notesAt = size - 4096;
  const header = Buffer.alloc(64 + 2 * 56);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(4, 16);
  header.writeUInt16LE(62, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(2, 56);
  const segment = (at, type, offset, physical, length) => {
    header.writeUInt32LE(type, at);
    header.writeUInt32LE(7, at + 4);
    header.writeBigUInt64LE(BigInt(offset), at + 8);
    header.writeBigUInt64LE(0n, at + 16);
    header.writeBigUInt64LE(BigInt(physical), at + 24);
    header.writeBigUInt64LE(BigInt(length), at + 32);
    header.writeBigUInt64LE(BigInt(length), at + 40);
  };
  segment(64, 4, notesAt, 0, notes.length);
  segment(120, 1, from, 0, notesAt - from);
  const handle = await open(file, 'w');
  await handle.write(header, 0, header.length, 0);
  await handle.write(notes, 0, notes.length, notesAt);
  await handle.truncate(size);
  await handle.close();
}

/** Where the text of an x86-64 kernel begins if it was not moved. */
const TEXT = 0xffffffff81000000n;

/** An ELF file of x86-64 with a text section at `text` and two symbols in it. */
function vmlinux(text) {
  const strings = Buffer.from('\0.text\0.symtab\0.strtab\0_stext\0oopscope_in_the_file\0');
  const symbols = Buffer.alloc(3 * 24);
  const symbol = (item, name, value, size) => {
    symbols.writeUInt32LE(strings.indexOf(`${name}\0`), item * 24);
    // A global function, in the first section.
    symbols.writeUInt8((1 << 4) | 2, item * 24 + 4);
    symbols.writeUInt16LE(1, item * 24 + 6);
    symbols.writeBigUInt64LE(value, item * 24 + 8);
    symbols.writeBigUInt64LE(BigInt(size), item * 24 + 16);
  };
  symbol(1, '_stext', text, 0);
  symbol(2, 'oopscope_in_the_file', text + 0x40n, 16);
  const header = Buffer.alloc(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(62, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BigInt(64 + symbols.length + strings.length), 40);
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(64, 58);
  header.writeUInt16LE(4, 60);
  header.writeUInt16LE(3, 62);
  const section = (name, type, flags, address, offset, size, link, entry) => {
    const section = Buffer.alloc(64);
    section.writeUInt32LE(strings.indexOf(`${name}\0`), 0);
    section.writeUInt32LE(type, 4);
    [flags, address, offset, size].forEach((value, at) => section.writeBigUInt64LE(BigInt(value), 8 + at * 8));
    section.writeUInt32LE(link, 40);
    section.writeBigUInt64LE(BigInt(entry), 56);
    return section;
  };
  return Buffer.concat([
    header, symbols, strings, Buffer.alloc(64),
    section('.text', 8, 6, text, 64, 4096, 0, 0),
    section('.symtab', 2, 0, 0, 64, symbols.length, 3, 24),
    section('.strtab', 3, 0, 0, 64 + symbols.length, strings.length, 0, 0),
  ]);
}
