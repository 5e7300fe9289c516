// Looks at pages in a real browser: a picture of each, and what axe says of it.
//   node ui/look.mjs http://localhost:6060 OUT PATH…
// Needs playwright-core and axe-core (NODE_PATH or beside this file) and chromium. With OUT `-` there
// are no pictures. Prints one line a violation; exit 1 where there is any.
import { createRequire } from "node:module";
import { mkdirSync } from "node:fs";
const base = process.env.UI_TOOLS ?? new URL(".", import.meta.url).pathname;
const require = createRequire(base + "/node_modules/");
const { chromium } = require("playwright-core");
const axe = require.resolve("axe-core/axe.min.js");
const [site, out, ...paths] = process.argv.slice(2);
if (out !== "-") mkdirSync(out, { recursive: true });
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const looks = [["light", 1280, 860], ["dark", 1280, 860], ["light", 390, 844], ["dark", 390, 844]];
let found = 0;
for (const [scheme, width, height] of looks) {
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height }, bypassCSP: false });
  const page = await context.newPage();
  const errors = [];
  page.on("console", (message) => { if (message.type() === "error" && !message.text().includes("404")) errors.push(message.text()); });
  page.on("pageerror", (error) => errors.push(String(error)));
  for (const path of paths) {
    await page.goto(site + path, { waitUntil: path.startsWith("/runtime") ? "load" : "networkidle" });
    await page.waitForTimeout(150);
    if (out !== "-") {
      const name = (path.replace(/[^a-z0-9]+/gi, "-").replace(/^-|-$/g, "").slice(0, 40) || "overview");
      await page.screenshot({ path: `${out}/${name}-${scheme}-${width}.png`, fullPage: false });
    }
    // The browser's debugger may evaluate what the page itself may not.
    const session = await context.newCDPSession(page);
    const { readFileSync } = await import("node:fs");
    await session.send("Runtime.evaluate", { expression: readFileSync(axe, "utf8") });
    const { result } = await session.send("Runtime.evaluate", {
      expression: `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] }).then((it) => JSON.stringify(it.violations.map((v) => [v.id, v.help, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160) + " " + (n.any[0]?.message ?? ""))])))`,
      awaitPromise: true, returnByValue: true,
    });
    for (const [id, help, nodes] of JSON.parse(result.value)) {
      found += 1;
      console.log(`${path} ${scheme} ${width}: ${id}: ${help}\n    ${nodes.join("\n    ")}`);
    }
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 1) { found += 1; console.log(`${path} ${scheme} ${width}: ${wide} pixels too wide`); }
    for (const error of errors.splice(0)) { found += 1; console.log(`${path} ${scheme} ${width}: ${error}`); }
  }
  await context.close();
}
await browser.close();
console.log(`${paths.length} pages, ${looks.length} looks, ${found} violations`);
process.exit(found ? 1 : 0);
