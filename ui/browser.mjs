// What the other scripts share: a browser, and where its tools are.
//   UI_TOOLS  a folder with node_modules of playwright-core and axe-core; by default this one
//   CHROMIUM  the browser
import { createRequire } from "node:module";
const base = process.env.UI_TOOLS ?? new URL(".", import.meta.url).pathname;
export const require = createRequire(base + "/node_modules/");

export async function launch() {
  const { chromium } = require("playwright-core");
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: ["--no-sandbox", "--font-render-hinting=none"] });
}

// Alerts come for as long as the page is open, so that its network is never idle.
export async function open(page, address) {
  const answer = await page.goto(address, { waitUntil: address.includes("/runtime") ? "load" : "networkidle" });
  await page.evaluate(() => document.fonts.ready.then(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))));
  return answer;
}

let found = 0;
export function complain(text) {
  found += 1;
  console.log(text);
}

export async function end(browser, said) {
  await browser.close();
  console.log(`${said}, ${found} violations`);
  process.exit(found ? 1 : 0);
}
