// Large logs, written to disk line by line of what real ones hold.

import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { fixture } from './site.mjs';

/** About a megabyte of ordinary messages; all of a block are alike, so that its size is known. */
function filler() {
  let text = '';
  for (let i = 0; text.length < 1 << 20; i++) {
    const time = (1000 + i / 100).toFixed(6).padStart(12);
    text += `[${time}] usb 1-${i % 4}: new high-speed USB device number ${i} using xhci_hcd\n`;
    text += `[${time}] EXT4-fs (sda${i % 8}): mounted filesystem with ordered data mode. Quota mode: none.\n`;
  }
  return Buffer.from(text);
}

/**
 * Writes a log of `megabytes`, with fixtures after so many megabytes each (`{ 10: 'guests/6.1/bug.log' }`), and `last`
 * as its last line. Gives the number of its lines.
 */
export async function writeLarge(place, megabytes, crashes, last = '') {
  const block = filler();
  const count = (bytes) => bytes.reduce((sum, byte) => sum + (byte === 10 ? 1 : 0), 0);
  const linesOfBlock = count(block);
  const file = createWriteStream(place);
  let lines = 0;
  for (let i = 0; i <= megabytes; i++) {
    if (i in crashes) {
      const crash = await readFile(fixture(crashes[i]));
      file.write(crash);
      lines += count(crash);
    }
    if (i === megabytes) break;
    if (!file.write(block)) await once(file, 'drain');
    lines += linesOfBlock;
  }
  file.end(last);
  await once(file, 'close');
  return lines + (last === '' ? 0 : 1);
}
