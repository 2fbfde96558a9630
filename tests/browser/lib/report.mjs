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

/**
 * Waits inside the page for an element that has `text`, and acts before anything else can happen: clicks on another
 * element (`click`) or sends the window an event (`event`). Gives the element's text. For what may last a few
 * milliseconds only; call it before what causes it.
 */
export function atOnce(page, selector, text, { click, event } = {}) {
  return page.evaluate(
    ([selector, text, click, event]) =>
      new Promise((resolve) => {
        const look = () => {
          const found = [...document.querySelectorAll(selector)].find((element) => element.innerText.includes(text));
          if (!found) return;
          observer.disconnect();
          resolve(found.innerText.replace(/\s+/g, ' ').trim());
          if (click) document.querySelector(click).click();
          if (event) dispatchEvent(new Event(event));
        };
        const observer = new MutationObserver(look);
        observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
        look();
      }),
    [selector, text, click, event],
  );
}
