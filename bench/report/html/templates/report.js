"use strict";
(() => {
  const table = document.getElementById("variant-table");
  const bodies = () => [...table.querySelectorAll(":scope > tbody")];

  // Unfolding: a row's panel is shown, and its waveform drawn when it is first seen.

  function unfold(body, open) {
    body.querySelector(".unfold").setAttribute("aria-expanded", String(open));
    body.querySelector(".detail").hidden = !open;
    if (open) drawShown(body);
  }

  function drawShown(body) {
    for (const shown of body.querySelectorAll(".window:not([hidden])")) draw(shown);
  }

  function isOpen(body) {
    return !body.querySelector(".detail").hidden;
  }

  function followHash() {
    const body = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!body || !body.classList.contains("variant")) return;
    unfold(body, true);
    body.scrollIntoView();
    body.querySelector(".unfold").focus({ preventScroll: true });
  }

  // Sorting: by a column's data-value; what has none stays last.

  function sortBy(header) {
    const column = [...header.parentNode.children].indexOf(header);
    const ascending = header.getAttribute("aria-sort") !== "ascending";
    for (const other of header.parentNode.children) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    const keyed = bodies().map((body) => [body.querySelector(".row").children[column].dataset.value, body]);
    keyed.sort(([a], [b]) => {
      if (a === "" || b === "") return (a === "") - (b === "");
      const difference = isNaN(a) || isNaN(b) ? (a < b ? -1 : a > b ? 1 : 0) : a - b;
      return ascending ? difference : -difference;
    });
    table.append(...keyed.map(([, body]) => body));
  }

  // Waveforms: 16-bit steps in base64, for each signal minima, maxima and the samples at each edge.

  const SIGNALS = [
    { name: "current", label: "current / mA", unit: "mA", digits: 2, share: 3 },
    { name: "voltage", label: "device / V", unit: "V", digits: 3, share: 2 },
    { name: "marker", label: "marker / V", unit: "V", digits: 2, share: 1.2 },
  ];

  function decode(script) {
    const meta = JSON.parse(script.dataset.meta);
    const bytes = Uint8Array.from(atob(script.textContent), (c) => c.charCodeAt(0));
    const view = new DataView(bytes.buffer);
    let at = 0;
    const take = (count, [low, high]) => {
      const values = new Float64Array(count);
      for (let i = 0; i < count; i++, at += 2) values[i] = low + ((high - low) * view.getUint16(at, true)) / 65535;
      return values;
    };
    const signals = meta.ranges.map((range) => ({
      range,
      low: take(meta.bins, range),
      high: take(meta.bins, range),
      spans: meta.spans.map(([, count]) => take(count, range)),
    }));
    return { meta, signals };
  }

  const NS = "http://www.w3.org/2000/svg";
  function add(parent, name, attributes, content) {
    const made = parent.appendChild(document.createElementNS(NS, name));
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (content !== undefined) made.textContent = content;
    return made;
  }

  function ticks(low, high, count) {
    const rough = (high - low) / count || 1;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((f) => f * power >= rough * 0.999) * power;
    const found = [];
    for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++) found.push(n * step);
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    return found.map((value) => [value, value.toFixed(digits).replace("-", "−")]);
  }

  // One drawing: the signals under each other over a common time in ms.
  function scope(host, title, span, series, meta) {
    const width = Math.max(300, host.clientWidth), left = 58, right = 8, top = 22, gap = 12;
    const unit = width > 500 ? 46 : 36;
    const bottom = top + SIGNALS.reduce((sum, s) => sum + s.share * unit + gap, 0);
    const svg = add(host, "svg", { viewBox: `0 0 ${width} ${bottom + 34}`, class: "plot", role: "img", "aria-label": title });
    const x = (ms) => left + ((ms - span[0]) / (span[1] - span[0])) * (width - left - right);
    const clip = (ms) => Math.min(width - right, Math.max(left, x(ms)));
    add(svg, "text", { x: left, y: 14, class: "label" }, title);
    const rise = 0, fall = ((meta.end - meta.begin) / meta.rate) * 1e3;
    add(svg, "rect", { x: clip(rise), y: top, width: Math.max(0, clip(fall) - clip(rise)), height: bottom - top - gap, class: "in-window" });
    for (const [value, label] of ticks(span[0], span[1], width > 500 ? 8 : 4)) {
      add(svg, "line", { x1: x(value), x2: x(value), y1: top, y2: bottom - gap, class: "grid" });
      add(svg, "text", { x: x(value), y: bottom + 6, class: "tick", "text-anchor": "middle" }, label);
    }
    add(svg, "text", { x: (left + width - right) / 2, y: bottom + 24, class: "label", "text-anchor": "middle" }, "time after the marker’s rise / ms");
    let at = top;
    SIGNALS.forEach((signal, index) => {
      const height = signal.share * unit;
      const [low, high] = series[index].range, room = (high - low || 1) * 0.06;
      const y0 = at + height;
      const y = (value) => y0 - ((value - low + room) / (high - low + 2 * room)) * height;
      for (const [value, label] of ticks(low - room, high + room, height / 20)) {
        add(svg, "line", { x1: left, x2: width - right, y1: y(value), y2: y(value), class: "grid" });
        add(svg, "text", { x: left - 6, y: y(value) + 4, class: "tick", "text-anchor": "end" }, label);
      }
      add(svg, "text", { transform: `translate(11 ${at + height / 2}) rotate(-90)`, class: "label", "text-anchor": "middle" }, height > 80 ? signal.label : signal.name);
      add(svg, "path", { d: path(series[index], x, y), class: `signal s-${signal.name}${series[index].low ? "" : " line"}` });
      add(svg, "line", { x1: left, x2: width - right, y1: y0, y2: y0, class: "axis" });
      at += height + gap;
    });
    for (const ms of [rise, fall]) {
      if (ms >= span[0] && ms <= span[1]) add(svg, "line", { x1: x(ms), x2: x(ms), y1: top, y2: bottom - gap, class: "edge" });
    }
    return { svg, x, left, right, width, top, bottom: bottom - gap };
  }

  function path({ times, values, low, high }, x, y) {
    const point = (ms, value) => `${x(ms).toFixed(1)},${y(value).toFixed(1)}`;
    const along = (list) => Array.from(list, (value, i) => point(times(i), value));
    if (values) return "M" + along(values).join("L");
    return "M" + [...along(high), ...along(low).reverse()].join("L") + "Z";
  }

  function draw(shown) {
    const host = shown.querySelector(".scope"), script = shown.querySelector("script");
    if (!host || host.firstChild) return;
    const { meta, signals } = decode(script);
    const ms = (sample) => ((sample - meta.begin) / meta.rate) * 1e3;
    const middle = (bin) => ms(((bin + 0.5) * meta.samples) / meta.bins - 0.5);
    const whole = signals.map((s) => ({ range: s.range, low: s.low, high: s.high, times: middle }));
    const drawn = scope(host, `Whole trace of ${host.dataset.of}: minimum and maximum in ${meta.bins.toLocaleString("en")} stretches`, [ms(0), ms(meta.samples - 1)], whole, meta);
    const edges = host.appendChild(document.createElement("div"));
    edges.className = "edges";
    const parts = meta.spans.map(() => edges.appendChild(document.createElement("div")));
    meta.spans.forEach(([first, count], index) => {
      if (count < 2) return;
      const series = signals.map((s) => ({ range: s.range, values: s.spans[index], times: (i) => ms(first + i) }));
      scope(parts[index], `${index ? "Fall" : "Rise"}: every sample, ${(meta.rate / 1e3).toLocaleString("en")} kS/s`, [ms(first), ms(first + count - 1)], series, meta);
    });
    follow(drawn, shown.querySelector(".readout"), whole, meta, ms);
  }

  // The pointer's place in the trace, in figures.
  function follow(drawn, readout, series, meta, ms) {
    const cursor = add(drawn.svg, "line", { y1: drawn.top, y2: drawn.bottom, class: "cursor", visibility: "hidden" });
    drawn.svg.addEventListener("pointermove", (event) => {
      const box = drawn.svg.getBoundingClientRect();
      const at = ((event.clientX - box.left) / box.width) * drawn.width;
      const share = (at - drawn.left) / (drawn.width - drawn.left - drawn.right);
      if (share < 0 || share > 1) return;
      const bin = Math.min(meta.bins - 1, Math.floor(share * meta.bins));
      cursor.setAttribute("visibility", "visible");
      cursor.setAttribute("x1", at);
      cursor.setAttribute("x2", at);
      const words = SIGNALS.map((s, i) => `${s.name} ${series[i].low[bin].toFixed(s.digits)} to ${series[i].high[bin].toFixed(s.digits)} ${s.unit}`);
      readout.textContent = `at ${ms(share * (meta.samples - 1)).toFixed(2)} ms: ${words.join(", ")}`;
    });
    drawn.svg.addEventListener("pointerleave", () => {
      cursor.setAttribute("visibility", "hidden");
      readout.textContent = "";
    });
  }

  function choose(button) {
    const wave = button.closest(".wave"), buttons = [...button.parentNode.querySelectorAll("button")];
    const chosen = buttons.indexOf(button);
    buttons.forEach((b, i) => b.setAttribute("aria-pressed", String(i === chosen)));
    [...wave.querySelectorAll(".window")].forEach((w, i) => (w.hidden = i !== chosen));
    draw(wave.querySelectorAll(".window")[chosen]);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) {
      const body = event.target.closest(".row")?.closest("tbody");
      if (body?.querySelector(".unfold") && getSelection().isCollapsed) unfold(body, !isOpen(body));
    }
    else if (button.matches(".unfold")) unfold(button.closest("tbody"), !isOpen(button.closest("tbody")));
    else if (button.matches(".sort")) sortBy(button.closest("th"));
    else if (button.matches(".choice button")) choose(button);
    else if (button.id === "unfold-all") bodies().forEach((body) => unfold(body, true));
    else if (button.id === "fold-all") bodies().forEach((body) => unfold(body, false));
  });
  addEventListener("hashchange", followHash);
  followHash();

  // On paper nothing can be unfolded: what is in sight is printed whole, but for long appendices.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open], [data-print=folded])")];
    opened.forEach((details) => (details.open = true));
  });
  addEventListener("afterprint", () => opened.forEach((details) => (details.open = false)));
})();
