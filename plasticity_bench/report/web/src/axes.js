/**
 * @file Scales, their ticks, and a plot area with axes.
 */

import { formatNumber } from "./data.js";
import { svg } from "./dom.js";

const MARGIN = { left: 42, right: 12, top: 26, bottom: 40 };
const SUPERSCRIPTS = { "-": "⁻", ...Array.from("⁰¹²³⁴⁵⁶⁷⁸⁹") };

/** Returns about `count` round values within [low, high]. */
function linearTicks(low, high, count) {
  const roughStep = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(roughStep));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= roughStep * 0.9);
  const values = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++) values.push(n * step);
  return values;
}

/**
 * Returns the ticks of a logarithmic scale whose domain, [low, high], is given by exponents of ten:
 * [exponent, label] of each, about `count` of them labelled and the label of all others empty.
 */
export function logTicks(low, high, count) {
  const powerOfTen = (exponent) => `10${String(exponent).replace(/[-\d]/g, (char) => SUPERSCRIPTS[char])}`;
  const decades = Math.floor(high) - Math.ceil(low);
  const step = Math.max(1, Math.ceil(decades / count));
  const ticks = [];
  for (let exponent = Math.floor(low); exponent <= high; exponent++) {
    for (let factor = 1; factor < 10; factor++) {
      const position = exponent + Math.log10(factor);
      if (position < low || position > high || (factor > 1 && decades > 6)) continue;
      let label = "";
      if (decades < 1) {
        if ([1, 2, 5].includes(factor)) label = formatNumber(factor * 10 ** exponent);
      } else if (factor === 1 && exponent % step === 0) {
        label = powerOfTen(exponent);
      }
      ticks.push([position, label]);
    }
  }
  return ticks;
}

/** Returns the domain [low, high] of values, padded; [0, 1] for shares that spread widely. */
export function paddedDomain(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  if (low >= 0 && high <= 1 && high - low > 0.3) return [0, 1];
  const padding = (high - low) * 0.05 || Math.abs(high) * 0.1 || 1;
  return [low >= 0 ? Math.max(0, low - padding) : low - padding, high + padding];
}

/** Returns the linear scale that maps a domain to the range [start, end] of pixels. */
const linearScale = ([low, high], start, end) => (value) =>
  start + ((value - low) / (high - low || 1)) * (end - start);

/**
 * Returns a plot area with axes: {root: the SVG element, x and y: its scales, width, top, bottom}.
 *
 * `domain` and `labels` have one entry for x and one for y. `xTicks(count)` returns [value, label]
 * of each tick of the x axis; by default these are round numbers.
 */
export function plotArea(width, height, domain, labels, xTicks) {
  const [left, right, top, bottom] = [MARGIN.left, width - MARGIN.right, MARGIN.top, height - MARGIN.bottom];
  const x = linearScale(domain.x, left, right);
  const y = linearScale(domain.y, bottom, top);
  const root = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", focusable: "false" });
  for (const value of linearTicks(...domain.y, 5)) {
    root.append(
      svg("line", { class: "grid", x1: left, x2: right, y1: y(value), y2: y(value) }),
      svg("text", { x: left - 7, y: y(value) + 4, "text-anchor": "end" }, formatNumber(value)));
  }
  const count = (right - left) / 70; // labels that there is room for
  const ticks = xTicks ? xTicks(count) : linearTicks(...domain.x, count).map((value) => [value, formatNumber(value)]);
  for (const [value, label] of ticks) {
    root.append(svg("line", { class: "axis", x1: x(value), x2: x(value), y1: bottom, y2: bottom + (label ? 5 : 3) }));
    if (label) root.append(svg("text", { x: x(value), y: bottom + 17, "text-anchor": "middle" }, label));
  }
  root.append(
    svg("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }),
    svg("text", { x: (left + right) / 2, y: height - 5, "text-anchor": "middle", class: "title" }, labels.x),
    svg("text", { x: 0, y: 12, class: "title" }, labels.y)); // horizontal, for labels may be long
  return { root, x, y, width, top, bottom };
}
