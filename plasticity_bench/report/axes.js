/* A plane with axes, and the ticks of its scales. */

function ticks(low, high, wanted) {
  const rough = (high - low) / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((s) => s >= rough * 0.9);
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++) found.push(n * step);
  return found;
}
/* Ticks of a scale in powers of ten, [place, text]; text is empty between those that are named. */
function logTicks(low, high, wanted) {
  const power = (n) => `10${String(n).replace(/[-\d]/g, (c) => (c === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]))}`;
  const span = Math.floor(high) - Math.ceil(low);
  const every = Math.max(1, Math.ceil(span / wanted));
  const found = [];
  for (let n = Math.floor(low); n <= high; n++) {
    for (let part = 1; part < 10; part++) {
      const at = n + Math.log10(part);
      if (at < low || at > high || (part > 1 && span > 6)) continue;
      const named = span >= 1 ? part === 1 && n % every === 0 : [1, 2, 5].includes(part);
      found.push([at, named ? (span >= 1 ? power(n) : shown(part * 10 ** n)) : ""]);
    }
  }
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

const MARGIN = { left: 42, right: 12, top: 26, bottom: 40 };

/* `xTicks`: [place, text] of each, made of the number that there is room for; numbers by default. */
function plane(width, height, domain, labels, xTicks) {
  const inner = { width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
  const x = (v) => MARGIN.left + ((v - domain.x[0]) / (domain.x[1] - domain.x[0] || 1)) * inner.width;
  const y = (v) => MARGIN.top + inner.height - ((v - domain.y[0]) / (domain.y[1] - domain.y[0] || 1)) * inner.height;
  const root = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", focusable: "false" });
  for (const tick of ticks(...domain.y, 5)) {
    root.append(svg("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y(tick), y2: y(tick) }),
      svg("text", { x: MARGIN.left - 7, y: y(tick) + 4, "text-anchor": "end" }, shown(tick)));
  }
  const room = inner.width / 70;
  for (const [tick, text] of xTicks ? xTicks(room) : ticks(...domain.x, room).map((at) => [at, shown(at)])) {
    const [foot, length] = [height - MARGIN.bottom, text ? 5 : 3];
    root.append(svg("line", { class: "axis", x1: x(tick), x2: x(tick), y1: foot, y2: foot + length }));
    if (text) root.append(svg("text", { x: x(tick), y: foot + 17, "text-anchor": "middle" }, text));
  }
  root.append(
    svg("line", { class: "axis", x1: MARGIN.left, x2: width - MARGIN.right, y1: height - MARGIN.bottom, y2: height - MARGIN.bottom }),
    svg("text", { x: MARGIN.left + inner.width / 2, y: height - 5, "text-anchor": "middle", class: "title" }, labels.x),
    svg("text", { x: 0, y: 12, class: "title" }, labels.y)); // level, for names may be long
  return { root, x, y, width, height };
}
