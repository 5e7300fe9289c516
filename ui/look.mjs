// Looks at pages in a real browser, light and dark, wide and narrow: what axe says of them, whether
// anything is wider than the window or hidden by it, whether the browser complains.
//   node ui/look.mjs http://localhost:6060 OUT PATH…
// With OUT `-` there are no pictures. Prints one line a violation; exit 1 where there is any.
import { mkdirSync, readFileSync } from "node:fs";
import { complain, end, launch, open, require } from "./browser.mjs";
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const [site, out, ...paths] = process.argv.slice(2);
if (out !== "-") mkdirSync(out, { recursive: true });
const browser = await launch();
// UI_LOOKS=dark-390,light-390 looks at these alone.
const wanted = process.env.UI_LOOKS?.split(",");
const looks = [["light", 1280, 860], ["dark", 1280, 860], ["light", 390, 844], ["dark", 390, 844]]
  .filter(([scheme, width]) => !wanted || wanted.includes(`${scheme}-${width}`));

const violations = (all) => all.map((it) => [it.id, it.help, it.nodes.slice(0, 3).map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ""}`)]);
for (const [scheme, width, height] of looks) {
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height } });
  const page = await context.newPage();
  const errors = [];
  // That there is no such thing is what some pages are about.
  page.on("console", (message) => { if (message.type() === "error" && !/status of 40[0-9]/.test(message.text())) errors.push(message.text()); });
  page.on("pageerror", (error) => errors.push(String(error)));
  // The browser's debugger may evaluate what the page itself may not.
  const session = await context.newCDPSession(page);
  for (const path of paths) {
    const where = `${path} ${scheme} ${width}`;
    await open(page, site + path);
    if (out !== "-") {
      const name = path.replace(/sha256[^?&]*/g, (digest) => digest.slice(-4)).replace(/[^a-z0-9]+/gi, "-").replace(/^-|-$/g, "").slice(0, 60) || "overview";
      await page.screenshot({ path: `${out}/${name}-${scheme}-${width}.png`, fullPage: process.env.UI_WHOLE === "1" });
    }
    await session.send("Runtime.evaluate", { expression: axe });
    const { result } = await session.send("Runtime.evaluate", {
      expression: `axe.run(document, { runOnly: ${JSON.stringify(rules)} }).then((it) => JSON.stringify((${violations})(it.violations)))`,
      awaitPromise: true, returnByValue: true,
    });
    for (const [id, help, nodes] of JSON.parse(result.value)) complain(`${where}: ${id}: ${help}\n    ${nodes.join("\n    ")}`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (wide > 1) complain(`${where}: ${wide} pixels too wide`);
    for (const error of errors.splice(0)) complain(`${where}: ${error}`);
  }
  await context.close();
}
await end(browser, `${paths.length} pages, ${looks.length} looks`);
