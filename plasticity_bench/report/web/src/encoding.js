/**
 * @file Visual encoding: learners by colour, marker and dash; signed values by colour.
 *
 * Colours are CSS classes (k0 to k7), for they differ between the themes.
 */

import { REPORT } from "./data.js";
import { breakable, el, svg } from "./dom.js";

const NUM_COLOURS = 7; // besides the reference's

/** SVG path data of each marker, by its radius. */
const MARKERS = {
  circle: (r) => `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
  square: (r) => `M${-r} ${-r}H${r}V${r}H${-r}Z`,
  triangle: (r) => `M0 ${-1.25 * r}L${1.2 * r} ${r}H${-1.2 * r}Z`,
  diamond: (r) => `M0 ${-1.4 * r}L${1.4 * r} 0L0 ${1.4 * r}L${-1.4 * r} 0Z`,
  triangleDown: (r) => `M0 ${1.25 * r}L${1.2 * r} ${-r}H${-1.2 * r}Z`,
  cross: (r) => `M${-r} ${-r}L${r} ${r}M${-r} ${r}L${r} ${-r}`,
  plus: (r) => `M${-1.3 * r} 0H${1.3 * r}M0 ${-1.3 * r}V${1.3 * r}`,
  pentagon: (r) => `M${-r} ${-0.45 * r}L0 ${-1.3 * r}L${r} ${-0.45 * r}L${0.7 * r} ${r}H${-0.7 * r}Z`,
};
const STROKED_MARKERS = new Set(["cross", "plus"]); // they have no area to fill
const LEARNER_MARKERS = Object.keys(MARKERS).slice(1); // the circle is the reference's
const DASHES = ["", "7 3", "2 3", "8 3 2 3", "12 4"];

/** Returns the encoding of a learner: {colour: a CSS class, marker: its name, dash: a dash array}. */
export function learnerEncoding(learner) {
  const index = REPORT.colours[learner];
  if (index === 0) return { colour: "k0", marker: "circle", dash: "5 3" };
  const cycle = Math.floor((index - 1) / NUM_COLOURS);
  return {
    colour: `k${1 + ((index - 1) % NUM_COLOURS)}`,
    marker: LEARNER_MARKERS[(index - 1 + cycle) % LEARNER_MARKERS.length],
    dash: DASHES[cycle % DASHES.length],
  };
}

/** Returns a marker as an SVG path, centred on (x, y). */
export function markerAt(x, y, { colour, marker, radius, className }) {
  return svg("path", {
    d: MARKERS[marker](radius),
    transform: `translate(${x} ${y})`,
    class: [colour, STROKED_MARKERS.has(marker) ? "open" : "mark", className].filter(Boolean).join(" "),
  });
}

/** Returns the legend's symbol of a learner, as an SVG image. */
export function learnerSymbol(learner, width = 26) {
  const { colour, marker, dash } = learnerEncoding(learner);
  return svg("svg", { width, height: 12, viewBox: `0 0 ${width} 12`, "aria-hidden": "true" },
    svg("line", { x1: 0, x2: width, y1: 6, y2: 6, class: `${colour} stroke`, "stroke-width": 2, "stroke-dasharray": dash }),
    markerAt(width / 2, 6, { colour, marker, radius: 4 }));
}

/** Returns a learner's symbol and name, as an element. */
export const learnerLabel = (learner) =>
  el("span", { class: "name" }, learnerSymbol(learner, 18), el("span", {}, breakable(REPORT.learners[learner])));

/**
 * Returns the CSS classes of a diverging colour scale for `[mean, low, high]`: blue for better,
 * orange for worse, stronger farther from zero; none where the interval contains zero.
 */
export function divergingColour(bounds) {
  if (!bounds || bounds[0] === null || (bounds[1] <= 0 && bounds[2] >= 0)) return "";
  const strength = Math.max(1, Math.min(5, Math.ceil(Math.abs(bounds[0]) * 5)));
  return `heat-${bounds[0] > 0 ? "better" : "worse"} s${strength}`;
}

/** Returns the key of that colour scale, which says what its two directions mean. */
export const colourKey = (better, worse) => el("p", { class: "key" },
  [`blue, +: ${better}`, `orange, −: ${worse}`, "no colour: the interval holds 0"].map((text) => el("span", {}, text)));
