// Loads pages as a visitor does who was never here, over a slow line: how many bytes came, and what the
// browser itself measured. A budget as Lighthouse has one; what is over it is a violation.
//   node ui/budget.mjs http://localhost:6060 PATH…
import { complain, end, launch, open } from "./browser.mjs";
// Slow 4G, as Lighthouse simulates it.
const line = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8 };
// Bytes; milliseconds to the largest paint; shifts of what is there; milliseconds that scripts block.
const most = { bytes: 150_000, lcp: 2500, cls: 0.1, tbt: 200 };
const [site, ...paths] = process.argv.slice(2);
const browser = await launch();
console.log(`${"page".padEnd(44)} ${"bytes".padStart(8)} ${"LCP ms".padStart(7)} ${"CLS".padStart(6)} ${"TBT ms".padStart(7)}`);
for (const path of paths) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", line);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  let bytes = 0;
  session.on("Network.loadingFinished", (it) => { bytes += it.encodedDataLength; });
  await page.addInitScript(() => {
    const seen = (window.seen = { lcp: 0, cls: 0, tbt: 0 });
    const watch = (type, take) => new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
    watch("largest-contentful-paint", (it) => { seen.lcp = it.startTime; });
    watch("layout-shift", (it) => { if (!it.hadRecentInput) seen.cls += it.value; });
    watch("longtask", (it) => { seen.tbt += Math.max(0, it.duration - 50); });
  });
  await open(page, site + path);
  await page.waitForTimeout(200);
  const seen = { bytes, ...(await page.evaluate(() => window.seen)) };
  // A machine that does other things as well blocks longer than scripts do: never for longer than they ran.
  const { metrics } = await session.send("Performance.getMetrics");
  const ran = metrics.find((it) => it.name === "TaskDuration").value * 1000;
  seen.tbt = Math.min(seen.tbt, ran);
  const short = path.replace(/sha256(:|%3A)([0-9a-f]{6})[0-9a-f]*/g, "$2…");
  console.log(`${short.padEnd(44)} ${String(bytes).padStart(8)} ${seen.lcp.toFixed(0).padStart(7)} ${seen.cls.toFixed(3).padStart(6)} ${seen.tbt.toFixed(0).padStart(7)}`);
  for (const [name, limit] of Object.entries(most)) if (seen[name] > limit) complain(`${path}: ${name} is ${seen[name]}, more than ${limit}`);
  await context.close();
}
await end(browser, `${paths.length} pages`);
