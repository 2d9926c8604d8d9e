// The HTML of a review in a real browser: on a phone and on a desk, in the light and in the dark. It is one file that
// asks for nothing, nothing of it runs out of the page, and every text can be read.
//
//   npm ci && npm test                 the golden file of the unit tests
//   REVIEW_HTML=page.html npm test     another page
//   REVIEW_SCREENSHOTS=folder npm test keeps a picture of each case

import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import chromium from "@sparticuz/chromium";
import { chromium as playwright } from "playwright-core";

import { contrasts } from "./contrast.js";

const here = path.dirname(fileURLToPath(import.meta.url));

/** The golden file of the unit tests. */
const golden = path.join(here, "../../provider/src/review/testdata/rich.review.html");

const page_file = process.env.REVIEW_HTML ?? golden;
const widths = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 900 } };
/** What WCAG 2.2 AA asks of body text. */
const enough = 4.5;

/** @type {import("playwright-core").Browser} */
let browser;

before(async () => {
  // A sandbox needs rights that a container often has not; the page is ours.
  browser = await playwright.launch({ executablePath: await chromium.executablePath(), args: ["--no-sandbox"] });
});

after(() => browser?.close());

/** The page in a window of that size and scheme, with all that it asked for and complained about. */
async function open(width, colorScheme) {
  const context = await browser.newContext({ viewport: widths[width], colorScheme, javaScriptEnabled: true });
  const page = await context.newPage();
  const told = { requests: [], complaints: [] };
  page.on("request", (request) => told.requests.push(request.url()));
  page.on("console", (message) => told.complaints.push(message.text()));
  page.on("pageerror", (error) => told.complaints.push(String(error)));
  await page.goto(pathToFileURL(page_file).href);
  return { page, told, close: () => context.close() };
}

for (const width of Object.keys(widths)) {
  for (const scheme of ["light", "dark"]) {
    describe(`${width}, ${scheme}`, () => {
      let opened;
      before(async () => {
        opened = await open(width, scheme);
        const folder = process.env.REVIEW_SCREENSHOTS;
        if (folder) {
          await opened.page.screenshot({ path: path.join(folder, `${width}-${scheme}.png`), fullPage: true });
        }
      });
      after(() => opened?.close());

      test("it asks for nothing and complains of nothing", () => {
        assert.deepEqual(opened.told.requests, [pathToFileURL(page_file).href]);
        assert.deepEqual(opened.told.complaints, []);
      });

      test("it does not scroll to the side", async () => {
        const [content, window] = await opened.page.evaluate(() => [
          document.documentElement.scrollWidth,
          document.documentElement.clientWidth,
        ]);
        assert.ok(content <= window, `${content} > ${window}`);
      });

      test("nothing sticks out of the window, except inside of what scrolls by itself", async () => {
        const outside = await opened.page.evaluate(() =>
          [...document.querySelectorAll("body *")]
            .filter((element) => !element.closest(".table"))
            .filter((element) => element.getBoundingClientRect().right > window.innerWidth + 0.5)
            .map((element) => element.outerHTML.slice(0, 80)),
        );
        assert.deepEqual(outside, []);
      });

      test("every text stands out from what is behind it", async () => {
        const measured = await opened.page.evaluate(contrasts);
        assert.ok(measured.length > 50, `only ${measured.length} texts were found`);
        const weak = measured.filter(({ ratio }) => ratio < enough);
        assert.deepEqual(weak, []);
      });

      test("the headline and every database can be seen", async () => {
        const { page } = opened;
        assert.ok(await page.getByRole("heading", { level: 1 }).isVisible());
        assert.ok(await page.locator(".lead").first().isVisible());
        const databases = page.locator("section", { has: page.getByRole("heading", { name: "Databases", exact: true }) });
        const names = await databases.locator("h3 code:first-child").allTextContents();
        assert.equal(new Set(names).size, 8, names.join(", "));
        // By their tag: what is hidden has no role.
        const headings = await databases.locator("h3").all();
        assert.equal(headings.length, 8);
        for (const heading of headings) {
          assert.ok(await heading.isVisible());
          const box = await heading.boundingBox();
          assert.ok(box.width > 100 && box.height > 10, JSON.stringify(box));
        }
      });

      test("headings have an order, tables have headers and can be reached by keyboard", async () => {
        const { page } = opened;
        const levels = await page.locator("h1, h2, h3").evaluateAll((all) => all.map((each) => Number(each.tagName[1])));
        assert.equal(levels[0], 1);
        levels.reduce((last, level) => (assert.ok(level - last <= 1), level));
        const tables = page.getByRole("region");
        assert.ok((await tables.count()) >= 2);
        for (const table of await tables.all()) {
          await table.focus();
          assert.ok(await table.evaluate((element) => element === document.activeElement));
          assert.ok((await table.getByRole("columnheader").count()) > 1);
          assert.ok((await table.getByRole("rowheader").count()) > 0);
        }
        assert.equal(await page.locator("html").getAttribute("lang"), "en");
        assert.match(await page.title(), /^Plan review/);
      });
    });
  }
}

test("light and dark differ", async () => {
  const colours = [];
  for (const scheme of ["light", "dark"]) {
    const { page, close } = await open("desk", scheme);
    colours.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
    await close();
  }
  assert.notEqual(colours[0], colours[1]);
});
