// What pages can do beyond reading: keys, charts from their tables, alerts as they come.
"use strict";
(() => {
  const rows = () => [...document.querySelectorAll("main table.keys tbody tr")];
  let at = -1;
  const go = (step) => {
    const all = rows();
    if (!all.length) return;
    all.forEach((row) => row.classList.remove("at"));
    at = Math.max(0, Math.min(all.length - 1, at + step));
    all[at].classList.add("at");
    all[at].scrollIntoView({ block: "nearest" });
  };
  const help = () => {
    const dialog = document.getElementById("keys");
    if (dialog) dialog.open ? dialog.close() : dialog.showModal();
  };
  let chord = "";
  const places = { o: "/", i: "/images", f: "/findings", c: "/components", r: "/remediation", a: "/runtime", t: "/trends", p: "/compliance" };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const where = event.target;
    if (where.closest("input, select, textarea")) {
      if (event.key === "Escape") where.blur();
      return;
    }
    if (chord === "g" && places[event.key]) { location.href = places[event.key]; return; }
    chord = event.key;
    if (event.key === "/") { event.preventDefault(); document.getElementById("find")?.focus(); }
    else if (event.key === "j") go(1);
    else if (event.key === "k") go(-1);
    else if (event.key === "Enter" && where === document.body) rows()[at]?.querySelector("a")?.click();
    else if (event.key === "?") help();
  });
  document.addEventListener("click", (event) => { if (event.target.closest("[data-keys]")) { event.preventDefault(); help(); } });
  document.addEventListener("htmx:afterSettle", () => { at = -1; charts(); });

  // A chart is drawn from its table, which stays there for whoever wants the numbers.
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  function charts() {
    for (const figure of document.querySelectorAll("figure.chart[data-chart]:not([data-done])")) {
      const table = figure.querySelector("table");
      figure.dataset.done = "";
      if (!table || typeof uPlot === "undefined") continue;
      const heads = [...table.tHead.rows[0].cells];
      const body = [...table.tBodies[0].rows];
      const isTime = figure.dataset.chart !== "bands";
      const x = body.map((row, index) => isTime ? Number(row.cells[0].dataset.x) : index);
      const data = [x, ...heads.slice(1).map((_, column) => body.map((row) => Number(row.cells[column + 1].dataset.v)))];
      const isBars = figure.dataset.chart === "bars" || !isTime;
      const series = heads.slice(1).map((head) => ({
        label: head.textContent.trim(), value: (_, v) => v ?? "–", stroke: colour(head.dataset.colour), width: isBars ? 0 : 2,
        fill: isBars ? colour(head.dataset.colour) : undefined, points: { show: false },
        paths: isBars ? uPlot.paths.bars({ size: [0.7, 40] }) : undefined,
      }));
      const axis = { stroke: colour("soft"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
      const place = document.createElement("div");
      place.className = "plot";
      table.closest("details").before(place);
      table.closest("details").open = false;
      const size = () => ({ width: Math.max(260, place.clientWidth), height: 240 });
      const plot = new uPlot({
        ...size(), series: [{ label: heads[0].textContent, value: (_, v) => v == null ? "–" : isTime ? new Date(v * 1000).toISOString().slice(0, 10) : body[v]?.cells[0].textContent }, ...series],
        scales: { x: { time: isTime, range: isTime ? undefined : (_, low, high) => [low - 0.5, high + 0.5] }, y: { range: (_, low, high) => [Math.min(0, low), Math.max(1, high)] } },
        axes: [isTime ? { ...axis, grid: { show: false }, values: (_, all) => all.map((v) => new Date(v * 1000).toISOString().slice(5, 10)) } : { ...axis, grid: { show: false }, splits: () => x, values: () => body.map((row) => row.cells[0].textContent) },
          { ...axis, size: 56, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6] }],
        cursor: { y: false }, tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Etc/UTC"),
      }, data, place);
      addEventListener("resize", () => plot.setSize(size()));
    }
  }
  charts();
  // A canvas keeps the colours that it was drawn with.
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    document.querySelectorAll("figure.chart .plot").forEach((plot) => plot.remove());
    document.querySelectorAll("figure.chart").forEach((figure) => delete figure.dataset.done);
    charts();
  });

  // Forms that do something send JSON to the API; what it refuses is said below them.
  const sent = (field) => {
    const text = field.value.trim();
    switch (field.dataset.as) {
      case "number": return text === "" ? undefined : Number(text);
      case "number?": return text === "" ? null : Number(text);
      case "words": return text.split(",").map((word) => word.trim()).filter((word) => word !== "");
      case "day": return text === "" ? undefined : `${text}T00:00:00Z`;
      default: return text === "" ? undefined : text;
    }
  };
  document.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-send]");
    if (!form) return;
    event.preventDefault();
    if (form.dataset.sure && !confirm(form.dataset.sure)) return;
    const [button, refused] = [form.querySelector("button"), form.querySelector(".refused")];
    const body = {};
    for (const field of form.elements) {
      if (!field.name) continue;
      const whole = field.dataset.in ? (body[field.dataset.in] ??= {}) : body;
      whole[field.name] = sent(field);
    }
    button.disabled = true;
    refused.hidden = true;
    const refuse = (why) => { refused.textContent = why; refused.hidden = false; button.disabled = false; };
    try {
      const answer = await fetch(form.dataset.send, {
        method: form.dataset.method, body: JSON.stringify(body),
        headers: { "Content-Type": "application/json", "X-CSRF-Token": document.body.dataset.csrf ?? "" },
      });
      if (answer.ok && form.dataset.done) {
        const done = form.querySelector(".done");
        [done.textContent, done.hidden, button.disabled] = [form.dataset.done, false, false];
        return;
      }
      if (answer.ok) { form.dataset.then ? location.assign(form.dataset.then) : location.reload(); return; }
      const problem = await answer.json().catch(() => ({}));
      refuse(problem.detail ?? `The server answers ${answer.status}.`);
    } catch { refuse("The server does not answer."); }
  });

  const live = document.querySelector("[data-live]");
  if (live && "EventSource" in window) {
    const body = live.querySelector("tbody");
    const state = document.getElementById("live");
    const source = new EventSource(live.dataset.live);
    source.onopen = () => { if (state) { state.textContent = "live"; state.className = "live"; } };
    source.onerror = () => { if (state) { state.textContent = "not connected: trying again"; state.className = "soft"; } };
    source.addEventListener("alert", (event) => {
      const holder = document.createElement("template");
      holder.innerHTML = event.data; // Rendered and escaped by the server, from this origin alone.
      body.prepend(holder.content);
      live.hidden = false;
      document.querySelector(".none")?.remove();
      while (body.rows.length > 500) body.rows[body.rows.length - 1].remove();
    });
  }
  for (const form of document.querySelectorAll("form.filter")) {
    for (const select of form.querySelectorAll("select")) select.addEventListener("change", () => { if (typeof htmx === "undefined") form.requestSubmit(); });
  }
})();
