// The ways in: whichever a log comes by, the report is the same.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { drop, inState, paste, pick, suite, visit } from '../lib/page.mjs';
import { shown } from '../lib/report.mjs';
import { fixture } from '../lib/site.mjs';

const { pageTest } = suite();
const LOG = fixture('guests/6.1/irq_null_write.log');
const NAME = path.basename(LOG);

pageTest('an Oops in a hard interrupt names function, module, context and victim', async ({ page }) => {
  await pick(page, LOG);
  const report = await shown(page);
  assert.match(report.title, /NULL pointer dereference in guest_irq_null_write/);
  assert.match(report.verdict, /oops_guest/);
  assert.match(report.verdict, /hard interrupt/);
  assert.match(report.notices.join('\n'), /insmod \(PID 93\) is the victim, not the culprit/);
  assert.ok(report.facts.some((fact) => /^Interrupted task\s+insmod · PID 93$/i.test(fact)), report.facts.join('\n'));
  assert.ok(report.stack.some((row) => row.includes('<IRQ>')), 'the stack of the interrupt has a heading');
  const rows = report.stack.join('\n');
  assert.ok(rows.indexOf('guest_irq_null_write') < rows.indexOf('irq_work_single'));
  assert.ok(rows.indexOf('irq_work_single') < rows.indexOf('<TASK>'), 'the interrupted stack comes below');
});

pageTest('pick, drop and every kind of paste give the same report', { permissions: ['clipboard-read', 'clipboard-write'] },
  async ({ page, watch, url }) => {
    const text = await readFile(LOG, 'utf8');
    await pick(page, LOG);
    const picked = await shown(page);
    assert.equal(await page.locator('header .file').getAttribute('title'), NAME);

    const ways = {
      'dropped by the desktop': () => drop(page, LOG),
      'dropped by another page': () =>
        page.evaluate(([name, text]) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([text], name));
          document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
        }, [NAME, text]),
      'pasted into the box': () => paste(page, text),
      'pasted anywhere': async () => {
        await page.evaluate((text) => navigator.clipboard.writeText(text), text);
        await page.keyboard.press('Control+V');
      },
      'pasted as a file': () =>
        page.evaluate(([name, text]) => {
          const clipboardData = new DataTransfer();
          clipboardData.items.add(new File([text], name));
          document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
        }, [NAME, text]),
    };
    for (const [way, open] of Object.entries(ways)) {
      await visit(page, url, watch);
      await open();
      assert.deepEqual(await shown(page), picked, way);
    }
  });

pageTest('text pasted into the box is not opened before the button is pressed', async ({ page }) => {
  await page.locator('#paste').evaluate((box) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', 'BUG: kernel NULL pointer dereference');
    box.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }));
  });
  assert.equal(await page.locator('body').getAttribute('data-state'), 'ready');
});

pageTest('a log dropped while another is open replaces it', async ({ page }) => {
  await pick(page, LOG);
  await shown(page);
  await drop(page, fixture('guests/6.12-arm64/null_write.log'));
  await page.locator('header .file[title="null_write.log"]').waitFor();
  await inState(page, 'open');
  const report = await shown(page);
  assert.match(report.facts.join('\n'), /arm64/i);
});
