// What the page shows of a report, taken from the document, so that two ways to the same report can be compared.

/** Waits until the report is on the screen, with its log lines, and gives what a reader sees. */
export async function shown(page) {
  await page.waitForFunction(() => document.body.dataset.state === 'open' && document.querySelector('#log .row'));
  return page.evaluate(() => {
    const texts = (selector) => [...document.querySelectorAll(selector)].map((element) => element.innerText.trim());
    return {
      title: texts('#title').join(),
      verdict: texts('#verdict').join(),
      notices: texts('article.report > p.note'),
      facts: texts('.facts > div'),
      stack: texts('#stack tr'),
      registers: texts('.regs > div'),
      log: texts('#log .row'),
    };
  });
}

/** The text of the page's own words, white space made one. */
export async function words(page, selector) {
  return (await page.locator(selector).innerText()).replace(/\s+/g, ' ');
}
