// Takes the pictures of the documentation.
//   node ui/pictures.mjs http://localhost:6060 OUT NAME=PATH…
// A name that ends with `-dark` or `-phone` is taken so.
import { mkdirSync } from "node:fs";
import { launch, open } from "./browser.mjs";
const [site, out, ...all] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
const browser = await launch();
for (const one of all) {
  const [name, path] = [one.slice(0, one.indexOf("=")), one.slice(one.indexOf("=") + 1)];
  const phone = name.endsWith("-phone");
  const context = await browser.newContext({
    colorScheme: name.endsWith("-dark") ? "dark" : "light",
    viewport: phone ? { width: 390, height: 844 } : { width: 1280, height: 860 },
  });
  const page = await context.newPage();
  await open(page, site + path);
  await page.screenshot({ path: `${out}/${name}.png` });
  await context.close();
}
await browser.close();
