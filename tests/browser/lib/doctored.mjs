// Reports that say what no fixture says: the page gets them from the engine's own worker, with fields put in on the way.
// For what the page must do with a field, whatever logs the engine finds it in; what the engine finds has tests of its own.

/** A sentence: strings are words, `[words, line]` a claim with its line, `{ … }` a whole span. */
export const prose = (...spans) =>
  spans.map((span) => (typeof span === 'string' ? { text: span } : Array.isArray(span) ? { text: span[0], line: span[1] } : span));

/** Puts `fields` into every report (or into report N, by `{ N: fields }` in `each`), and into rows of the list. */
export async function doctored(page, { report = {}, each = {}, rows = {} }) {
  await page.addInitScript(
    ([report, each, rows]) => {
      const { get } = Object.getOwnPropertyDescriptor(MessageEvent.prototype, 'data');
      const seen = new WeakSet();
      let index = 0;
      Object.defineProperty(MessageEvent.prototype, 'data', {
        configurable: true,
        get() {
          const data = get.call(this);
          const event = data?.event;
          if (!event || seen.has(event)) return data;
          seen.add(event);
          // The page asks for reports in their order, as far as these tests go.
          if (event.type === 'report') Object.assign(event, report, each[index++]);
          if (event.type === 'opened') for (const row of event.reports) Object.assign(row, rows[row.index]);
          return data;
        },
      });
    },
    [report, each, rows],
  );
}

/** A report with every field that a kind, an architecture or a log may add. */
export const EVERYTHING = {
  alt_titles: ['BUG: unable to handle kernel paging request in corrupted', 'KASAN: use-after-free Write in guest_free'],
  corrupted: true,
  corrupted_reason: 'the report ends in the middle of its call trace',
  interleaved: true,
  explanation: {
    about: [
      'A slab-use-after-free means that memory was used after it had been given back. KASAN marks every byte of the heap as usable or not, and checks each access.',
      'The first report of a boot is exact. Later ones may be consequences.',
    ],
    evidence: [
      prose('The ', ['8-byte write', 2], ' hit an object of the cache ', { text: 'kmalloc-256', line: 3, code: true }, ' that had been freed.'),
      prose({ text: 'The object was freed by the same task that used it', line: 4, guess: true }, ': no race is needed to explain it.'),
    ],
    innocent: [prose({ text: 'insmod', code: true, line: 5 }, ' is the task that happened to run.')],
    next: [
      { words: prose('See which line frees the object.'), command: './scripts/faddr2line vmlinux guest_free+0x3c/0x70' },
      { words: prose('Boot with allocation stacks that are kept longer.'), command: 'kasan.stacktrace=on' },
      { words: prose('Run it again with the slab debugger.') },
    ],
  },
  culprit: {
    function: 'guest_free', module: 'oops_guest', offset: 0x3c, file: 'drivers/guest/free.c', file_line: 42, line: 6,
    reason: 'the innermost frame that is no helper of the allocator',
    runners_up: [
      { function: 'guest_start', module: 'oops_guest', reason: 'it called the culprit', line: 7 },
      { function: 'do_init_module', reason: 'module loading calls every module’s code', line: 8 },
    ],
  },
  subsystem: { name: 'memory management', reason: 'the culprit lies in mm/', line: 6 },
  signature: {
    version: 'oops-sig/1', strict: '0123456789abcdef', coarse: 'fedcba9876543210',
    parts: ['kasan-use-after-free', 'guest_free', 'guest_start', 'do_one_initcall'],
  },
  details: [
    { name: 'access size', value: '8', meaning: 'a pointer’s width', line: 2 },
    { name: 'cache', value: 'kmalloc-256', line: 3 },
  ],
  code: {
    units: ['48', '89', 'e5', 'c7', '00', '78', '00', '00', '00', 'c3'], trap: 3, line: 9,
    listing: {
      guessed: true, skipped: 2,
      instructions: [
        { offset: -3, bytes: '4889e5', text: 'mov    %rsp,%rbp', intel: 'mov    rbp,rsp' },
        { offset: 0, bytes: 'c70078000000', text: 'movl   $0x78,(%rax)', intel: 'mov    DWORD PTR [rax],0x78', trap: true,
          notes: ['rax = 0x100', '(%rax) = the faulting address'] },
        { offset: 6, bytes: 'c3', text: 'ret', intel: 'ret' },
      ],
    },
  },
};

/** A stack of `names`, its frames on the lines from `line` on. */
export function stack(role, title, line, names, more = {}) {
  const frames = names.map((name, i) => ({
    function: name, offset: 16 + i, size: 64, reliable: true, role: i === 0 && role === 'crash' ? 'pc' : 'return', line: line + i,
  }));
  return { context: role === 'crash' ? 'process' : 'unknown', role, title, frames, line, ...more };
}
