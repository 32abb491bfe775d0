"use strict";
/* Elements, scales and three kinds of charts. Text is only ever set as text, never as markup. */

const SVG = "http://www.w3.org/2000/svg";
const REPORT = JSON.parse(document.getElementById("data").textContent);
const PALETTE = 7; // beside the reference's

function make(space, name, attributes, children) {
  const node = space ? document.createElementNS(space, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined) node.append(child);
  }
  return node;
}
const el = (name, attributes, ...children) => make(null, name, attributes, children);
const svg = (name, attributes, ...children) => make(SVG, name, attributes, children);

/* ---- numbers ---- */

function shown(value, digits = 3) {
  if (value === null || value === undefined) return "n/a";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(1).replace("-", "−");
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}
function fixed(value, digits = 2) {
  if (value === null || value === undefined) return "n/a";
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}
const interval = (bounds, digits = 2) =>
  bounds ? `${fixed(bounds[0], digits)} [${fixed(bounds[1], digits)}, ${fixed(bounds[2], digits)}]` : "n/a";

function ticks(low, high, wanted) {
  const rough = (high - low) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((s) => s >= rough * 0.9);
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++) found.push(n * step);
  return found;
}
function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  if (low >= 0 && high <= 1 && high - low > 0.3) return [0, 1];
  const room = (high - low) * 0.05 || Math.abs(high) * 0.1 || 1;
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}

/* ---- how a learner looks: a colour, a marker and, for many learners, a dash ---- */

const MARKERS = [
  (r) => `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
  (r) => `M${-r} ${-r}H${r}V${r}H${-r}Z`,
  (r) => `M0 ${-1.25 * r}L${1.2 * r} ${r}H${-1.2 * r}Z`,
  (r) => `M0 ${-1.4 * r}L${1.4 * r} 0L0 ${1.4 * r}L${-1.4 * r} 0Z`,
  (r) => `M0 ${1.25 * r}L${1.2 * r} ${-r}H${-1.2 * r}Z`,
  (r) => `M${-r} ${-r}L${r} ${r}M${-r} ${r}L${r} ${-r}`,
  (r) => `M${-1.3 * r} 0H${1.3 * r}M0 ${-1.3 * r}V${1.3 * r}`,
  (r) => `M${-r} ${-0.45 * r}L0 ${-1.3 * r}L${r} ${-0.45 * r}L${0.7 * r} ${r}H${-0.7 * r}Z`,
];
const DASHES = ["", "7 3", "2 3", "8 3 2 3", "12 4"];

function look(learner) {
  const place = REPORT.colours[learner];
  if (place === 0) return { colour: "k0", shape: 0, dash: "5 3" };
  const round = Math.floor((place - 1) / PALETTE);
  return {
    colour: `k${1 + ((place - 1) % PALETTE)}`,
    shape: 1 + ((place - 1 + round) % (MARKERS.length - 1)),
    dash: DASHES[round % DASHES.length],
  };
}
function marker(learner, x, y, size, extra = "") {
  const { colour, shape } = look(learner);
  const kind = shape === 5 || shape === 6 ? "open" : "mark";
  return svg("path", { d: MARKERS[shape](size), transform: `translate(${x} ${y})`, class: `${colour} ${kind} ${extra}` });
}
function swatch(learner, width = 26) {
  const { colour, dash } = look(learner);
  return svg("svg", { width, height: 12, viewBox: `0 0 ${width} 12`, "aria-hidden": "true" },
    svg("line", { x1: 0, x2: width, y1: 6, y2: 6, class: `${colour} stroke`, "stroke-width": 2, "stroke-dasharray": dash }),
    marker(learner, width / 2, 6, 4));
}
const named = (learner) => el("span", { class: "name" }, swatch(learner, 18), REPORT.learners[learner]);

/* ---- a plane with axes ---- */

const MARGIN = { left: 50, right: 12, top: 8, bottom: 40 };

function plane(width, height, domain, labels) {
  const inner = { width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
  const x = (v) => MARGIN.left + ((v - domain.x[0]) / (domain.x[1] - domain.x[0] || 1)) * inner.width;
  const y = (v) => MARGIN.top + inner.height - ((v - domain.y[0]) / (domain.y[1] - domain.y[0] || 1)) * inner.height;
  const root = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", focusable: "false" });
  for (const tick of ticks(...domain.y, 5)) {
    root.append(svg("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y(tick), y2: y(tick) }),
      svg("text", { x: MARGIN.left - 7, y: y(tick) + 4, "text-anchor": "end" }, shown(tick)));
  }
  for (const tick of ticks(...domain.x, inner.width / 70)) {
    root.append(svg("text", { x: x(tick), y: height - MARGIN.bottom + 17, "text-anchor": "middle" }, shown(tick)),
      svg("line", { class: "axis", x1: x(tick), x2: x(tick), y1: height - MARGIN.bottom, y2: height - MARGIN.bottom + 4 }));
  }
  const middle = MARGIN.top + inner.height / 2;
  root.append(
    svg("line", { class: "axis", x1: MARGIN.left, x2: width - MARGIN.right, y1: height - MARGIN.bottom, y2: height - MARGIN.bottom }),
    svg("text", { x: MARGIN.left + inner.width / 2, y: height - 5, "text-anchor": "middle", class: "title" }, labels.x),
    svg("text", { transform: `translate(11 ${middle}) rotate(-90)`, "text-anchor": "middle", class: "title" }, labels.y));
  return { root, x, y, width, height };
}

/* A figure that is drawn anew at every width, with a cursor for the pointer and the arrow keys.
   `draw(width)` returns {root, stops: [{x, y, lines: [[learner, text]], head}], alt}. */
function chart(title, draw, numbers) {
  const tip = el("div", { class: "tip", hidden: true });
  const live = el("div", { class: "hidden", "aria-live": "polite" });
  const stage = el("div", { tabindex: 0, role: "img", class: "stage" });
  const hint = "Arrow keys read the values.";
  const figure = el("figure", {}, el("figcaption", {}, title), stage, tip, live, asNumbers(title, numbers));
  let drawn = null, at = -1, cursor = null;

  function redraw() {
    const width = Math.max(240, Math.floor(stage.clientWidth));
    drawn = draw(width);
    stage.setAttribute("aria-label", `${title}. ${drawn.alt} ${hint}`);
    stage.replaceChildren(drawn.root);
    leave();
  }
  function show(place, speak) {
    at = place;
    const stop = drawn.stops[place];
    if (!stop) return;
    if (cursor) cursor.remove();
    cursor = drawn.mark(stop);
    drawn.root.append(cursor);
    tip.replaceChildren(el("strong", {}, stop.head),
      ...stop.lines.map(([learner, text]) => el("div", {}, learner === null ? null : swatch(learner, 18), text)));
    tip.hidden = false;
    const left = stop.x > drawn.width / 2 ? stop.x - tip.offsetWidth - 12 : stop.x + 12;
    tip.style.left = `${Math.max(0, Math.min(left, drawn.width - tip.offsetWidth))}px`;
    tip.style.top = `${stage.offsetTop + 8}px`;
    if (speak) live.textContent = `${stop.head}: ${stop.lines.map(([, text]) => text).join("; ")}`;
  }
  function leave() {
    tip.hidden = true;
    at = -1;
    if (cursor) cursor.remove();
    cursor = null;
  }
  function nearest(event) {
    const box = drawn.root.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    let best = -1, least = Infinity;
    drawn.stops.forEach((stop, place) => {
      const far = drawn.flat ? Math.abs(stop.x - px) : Math.hypot(stop.x - px, stop.y - py);
      if (far < least) [best, least] = [place, far];
    });
    return best;
  }
  stage.addEventListener("pointermove", (event) => show(nearest(event), false));
  stage.addEventListener("pointerdown", (event) => show(nearest(event), false));
  stage.addEventListener("pointerleave", leave);
  stage.addEventListener("blur", leave);
  stage.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const last = drawn.stops.length - 1;
    if (event.key === "Escape") return leave();
    if (event.key === "Home") show(0, true);
    else if (event.key === "End") show(last, true);
    else if (step) show(Math.max(0, Math.min(last, at < 0 && step < 0 ? last : at + step)), true);
    else return;
    event.preventDefault();
  });
  let width = 0;
  new ResizeObserver(() => {
    if (stage.clientWidth !== width) {
      width = stage.clientWidth;
      requestAnimationFrame(redraw); // not within the observer, which would wait for itself
    }
  }).observe(stage);
  figure.redraw = redraw;
  return figure;
}

/* The text alternative of a figure: its numbers, made when they are asked for. */
function asNumbers(title, numbers) {
  const details = el("details", {}, el("summary", {}, "Numbers", el("span", { class: "hidden" }, ` of ${title}`)));
  details.addEventListener("toggle", () => {
    if (!details.open) return details.querySelector(".scroll")?.remove();
    const { headers, rows } = numbers();
    details.append(el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Numbers of ${title}` },
      el("table", {},
        el("thead", {}, el("tr", {}, headers.map((text) => el("th", { scope: "col" }, text)))),
        el("tbody", {}, rows.map((row) => el("tr", {}, row.map((text, place) =>
          place ? el("td", {}, text) : el("th", { scope: "row" }, text))))))));
  });
  return details;
}

/* ---- lines with bands ---- */

function lineChart({ title, lines, visible, labels, domain, head }) {
  const chosen = () => lines.filter((line) => visible(line.learner));
  const numbers = () => ({
    headers: ["learner", labels.x, "mean", "low", "high"],
    rows: chosen().flatMap((line) => line.x.map((at, i) =>
      [REPORT.learners[line.learner], shown(at), shown(line.mean[i], 4), shown(line.low[i], 4), shown(line.high[i], 4)])),
  });
  function draw(width) {
    const own = chosen();
    const all = lines.flatMap((line) => line.x);
    const range = { x: domain.x || [Math.min(...all), Math.max(...all)], y: domain.y };
    const box = plane(width, Math.min(320, Math.max(220, width * 0.62)), range, labels);
    own.forEach((line) => box.root.append(band(box, line)));
    own.forEach((line, place) => box.root.append(...stroke(box, line, place)));
    const places = [...new Set(own.flatMap((line) => line.x))].sort((a, b) => a - b);
    const stops = places.map((at) => ({ x: box.x(at), head: head(at), lines: values(own, at) }));
    const mark = (stop) => svg("line", { class: "cursor", x1: stop.x, x2: stop.x, y1: MARGIN.top, y2: box.height - MARGIN.bottom });
    return { ...box, stops, mark, flat: true, alt: spoken(own, labels) };
  }
  return chart(title, draw, numbers);
}
function values(lines, at) {
  return lines
    .map((line) => [line, line.x.indexOf(at)])
    .filter(([, place]) => place >= 0)
    .sort(([a, i], [b, j]) => b.mean[j] - a.mean[i])
    .map(([line, place]) => {
      const ends = `[${shown(line.low[place])}, ${shown(line.high[place])}]`;
      return [line.learner, `${REPORT.learners[line.learner]} ${shown(line.mean[place])} ${ends}`];
    });
}
function spoken(lines, labels) {
  const last = lines.map((line) => `${REPORT.learners[line.learner]} ${shown(line.mean.at(-1))}`);
  return `Lines of ${labels.y} over ${labels.x}, with 95 % intervals over seeds. At the end: ${last.join(", ") || "none shown"}.`;
}
const known = (line) => line.x.map((at, i) => [at, line.mean[i], line.low[i], line.high[i]]).filter((p) => p[1] !== null);

function band(box, line) {
  const points = known(line);
  const there = points.map(([at, , low]) => `${box.x(at).toFixed(1)},${box.y(low).toFixed(1)}`);
  const back = points.map(([at, , , high]) => `${box.x(at).toFixed(1)},${box.y(high).toFixed(1)}`).reverse();
  return svg("polygon", { points: [...there, ...back].join(" "), class: `${look(line.learner).colour} area` });
}
function stroke(box, line, place) {
  const { colour, dash } = look(line.learner);
  const points = known(line).map(([at, mean]) => [box.x(at), box.y(mean)]);
  const step = Math.max(1, Math.round(points.length / 6));
  const marks = points.filter((_, i) => (i + place) % step === 0 || points.length < 8);
  return [
    svg("polyline", { points: points.map((p) => p.map((v) => v.toFixed(1)).join(",")).join(" "), class: `${colour} stroke`, "stroke-width": 1.8, "stroke-dasharray": dash, "stroke-linejoin": "round" }),
    ...marks.map(([px, py]) => marker(line.learner, px, py, 3.6)),
  ];
}

/* ---- one point for each learner, with its seeds ---- */

function scatterChart({ title, points, visible, labels }) {
  const chosen = () => points.filter((p) => visible(p.learner) && p.x && p.y);
  const numbers = () => ({
    headers: ["learner", labels.x, labels.y],
    rows: chosen().map((p) => [REPORT.learners[p.learner], interval(p.x, 3), interval(p.y, 3)]),
  });
  function draw(width) {
    const own = chosen();
    const box = plane(width, Math.min(400, Math.max(260, width * 0.8)), { x: [-0.03, 1.03], y: [-0.03, 1.03] }, labels);
    box.root.append(svg("line", { class: "diagonal", x1: box.x(0), y1: box.y(0), x2: box.x(1), y2: box.y(1) }));
    for (const p of own) {
      for (const [sy, sx] of p.seeds) {
        if (sx !== null && sy !== null) box.root.append(marker(p.learner, box.x(sx), box.y(sy), 2.6, "light"));
      }
    }
    for (const p of own) box.root.append(...cross(box, p));
    const stops = own.map((p) => ({
      x: box.x(p.x[0]), y: box.y(p.y[0]), head: REPORT.learners[p.learner],
      lines: [[p.learner, `${labels.y} ${interval(p.y)}`], [null, `${labels.x} ${interval(p.x)}`], [null, `${p.seeds.length} seeds`]],
    })).sort((a, b) => a.x - b.x);
    const mark = (stop) => svg("circle", { cx: stop.x, cy: stop.y, r: 10, fill: "none", class: "cursor" });
    const means = own.map((p) => `${REPORT.learners[p.learner]} ${fixed(p.x[0])} and ${fixed(p.y[0])}`);
    return { ...box, stops, mark, flat: false, alt: `Means of ${labels.x} and ${labels.y}: ${means.join("; ") || "none shown"}.` };
  }
  return chart(title, draw, numbers);
}
function cross(box, { learner, x, y }) {
  const style = { class: `${look(learner).colour} stroke`, "stroke-width": 1.5 };
  return [
    svg("line", { ...style, x1: box.x(x[1]), x2: box.x(x[2]), y1: box.y(y[0]), y2: box.y(y[0]) }),
    svg("line", { ...style, x1: box.x(x[0]), x2: box.x(x[0]), y1: box.y(y[1]), y2: box.y(y[2]) }),
    marker(learner, box.x(x[0]), box.y(y[0]), 6),
  ];
}
