// Uses pages as people do: by keys, without a script, on paper.
//   node ui/hands.mjs http://localhost:6060
import { complain, end, launch, open } from "./browser.mjs";
const [site] = process.argv.slice(2);
const browser = await launch();
const check = (is, what) => { if (!is) complain(what); };
const path = (page) => new URL(page.url()).pathname;

const page = await (await browser.newContext({ viewport: { width: 1280, height: 860 } })).newPage();
await open(page, `${site}/images`);
await page.keyboard.press("j");
await page.keyboard.press("j");
check((await page.locator("tr.at").count()) === 1, "j: no row is marked");
await page.keyboard.press("k");
const to = await page.locator("tr.at a").first().getAttribute("href");
await page.keyboard.press("Enter");
await page.waitForURL((url) => url.pathname.startsWith("/images/"));
check(page.url().endsWith(to), `Enter: ${page.url()} is not ${to}`);
for (const [letter, where] of [["o", "/"], ["i", "/images"], ["f", "/findings"], ["r", "/remediation"], ["t", "/trends/vulnerabilities"], ["p", "/compliance"]]) {
  await page.keyboard.press("g");
  await page.keyboard.press(letter);
  await page.waitForURL((url) => url.pathname === where).catch(() => complain(`g ${letter}: ${path(page)}`));
  await page.waitForLoadState("load");
}
await page.keyboard.press("?");
check(await page.locator("dialog#keys").isVisible(), "?: no keys are shown");
await page.keyboard.press("Escape");
check(!(await page.locator("dialog#keys").isVisible()), "Escape: the keys stay");
await page.keyboard.press("/");
await page.keyboard.type("CVE-2021-44228");
await page.keyboard.press("Enter");
await page.waitForURL((url) => url.pathname.startsWith("/weaknesses/")).catch(() => complain(`search: ${page.url()}`));

// A list follows what is typed, and its address with it.
await open(page, `${site}/images`);
await page.locator("main input[name=q]").pressSequentially("payments");
await page.waitForURL((url) => url.searchParams.get("q") === "payments").catch(() => complain(`filter: ${page.url()}`));
check((await page.locator("#list tbody tr").count()) === 2, "filter: the list does not follow");

// A new alert shows itself.
await open(page, `${site}/runtime`);
await page.locator("#live.live").waitFor({ timeout: 5000 }).catch(() => complain("runtime: not live"));
const alert = { rule: "Seen by hand", priority: "Critical", source: "syscall", hostname: "box", output: "Seen while the page is open", time: new Date().toISOString(), output_fields: {} };
const told = await page.request.post(`${site}/falco`, { data: alert });
check(told.status() === 202, `runtime: the alert is answered with ${told.status()}`);
await page.locator("[data-live] tbody tr", { hasText: "Seen by hand" }).first().waitFor({ timeout: 15000 }).catch(() => complain("runtime: an alert that is posted does not arrive"));

// What is done is done, and what is refused is told.
await open(page, `${site}/weaknesses/CVE-2021-44228`);
await page.locator("summary", { hasText: "Decide about it" }).click();
await page.locator("form.act input[name=statement]").fill("Decided by hand.");
await page.locator("form.act input[name=owner]").fill("team-a");
await page.locator("form.act input[name=labels]").fill("rewrite, of a test");
await page.locator("form.act button").click();
await page.locator("td", { hasText: "Decided by hand." }).waitFor({ timeout: 5000 }).catch(() => complain("decide: it is not there"));
await open(page, `${site}/findings`);
await page.locator("main input[name=label]").fill("of a test");
await page.locator("form.filter button").click();
await page.locator("#list td a", { hasText: "of a test" }).first().waitFor({ timeout: 5000 }).catch(() => complain("labels: the decided finding is not found"));
await open(page, `${site}/scans`);
await page.locator("form.act input[name=reference]").fill("registry:a b");
await page.locator("form.act button").click();
await page.locator("form.act .refused").waitFor({ timeout: 5000 }).catch(() => complain("scan: the refusal is not told"));

// Somebody is told, tried and told no more.
await open(page, `${site}/policies`);
await page.locator("summary", { hasText: "Tell somebody else" }).click();
await page.locator("summary", { hasText: /^webhook$/ }).click();
const tell = page.locator("details[open] form.act", { has: page.locator("input[value=webhook]") });
await tell.locator("input[name=name]").fill("Hook of a test");
await tell.locator("input[name=url]").fill("https://nowhere.invalid/hook");
await tell.locator("button").click();
const row = page.locator("tr", { hasText: "Hook of a test" });
await row.waitFor({ timeout: 5000 }).catch(() => complain("notifier: it is not there"));
await row.locator("button", { hasText: "Send a test" }).click();
await row.locator("form.act", { hasText: "Send a test" }).locator(".refused").waitFor({ timeout: 20000 }).catch(() => complain("notifier: the failure is not told"));
page.once("dialog", (dialog) => dialog.accept());
await row.locator("button", { hasText: "Remove" }).click();
await row.waitFor({ state: "detached", timeout: 5000 }).catch(() => complain("notifier: it stays"));

// All of it is on the paper, and nothing that cannot be clicked there.
await open(page, `${site}/images`);
await page.emulateMedia({ media: "print" });
check(!(await page.locator(".side").isVisible()) && !(await page.locator(".filter").isVisible()), "print: the menu is there");
check(await page.locator("tbody tr").first().isVisible(), "print: the table is not there");

const plain = await (await browser.newContext({ javaScriptEnabled: false })).newPage();
for (const where of ["/", "/images", "/trends/vulnerabilities", "/runtime"]) {
  await plain.goto(site + where);
  check(await plain.locator("main table tbody tr").first().isVisible(), `${where}: no table without a script`);
}
await plain.goto(`${site}/images?q=payments`);
check((await plain.locator("#list tbody tr").count()) === 2, "filter without a script");
await plain.locator("footer a[href='#keys']").click();
check(await plain.locator("dialog#keys").isVisible(), "keys without a script");
await end(browser, "keys, lists, paper, no script");
