/**
 * @file Visual encoding: learners by colour, marker and dash; signed values by colour.
 *
 * Colours are CSS variables, for they differ between the themes; what is not selected is grey.
 */

import { symbol, symbolCircle, symbolCross, symbolDiamond, symbolSquare, symbolStar, symbolTriangle, symbolWye } from "d3-shape";

import { REPORT } from "./data.js";
import { breakable, el, svg } from "./dom.js";
import { isSelected, learnerClass } from "./learners.js";

const NUM_COLOURS = 7; // besides the reference's
const LEARNER_MARKERS = [symbolSquare, symbolTriangle, symbolDiamond, symbolCross, symbolStar, symbolWye];
const DASHES = ["", "7 3", "2 3", "8 3 2 3", "12 4"];

/** Returns the look of a learner: {colour, marker: a symbol type of d3, dash: a dash array}. */
export function learnerLook(learner) {
  const index = REPORT.looks[learner];
  if (!isSelected(learner)) return { colour: "var(--grey)", marker: symbolCircle, dash: "" };
  if (index === 0) return { colour: "var(--c0)", marker: symbolCircle, dash: "5 3" };
  const [cycle, place] = [Math.floor((index - 1) / NUM_COLOURS), (index - 1) % NUM_COLOURS];
  return {
    colour: `var(--c${1 + place})`,
    marker: LEARNER_MARKERS[(place + cycle) % LEARNER_MARKERS.length],
    dash: DASHES[cycle % DASHES.length],
  };
}

/** Returns a marker as an SVG path around (x, y). */
export const markerPath = (marker, colour, x, y, size = 45) =>
  svg("path", { d: symbol(marker, size)(), fill: colour, transform: `translate(${x} ${y})` });

/** Returns the symbol of a learner's look, as an SVG group with a width of 26 and a height of 12. */
export function lookGroup(learner) {
  const { colour, marker, dash } = learnerLook(learner);
  return svg("g", {},
    svg("line", { x1: 0, x2: 26, y1: 6, y2: 6, stroke: colour, "stroke-width": 2, "stroke-dasharray": dash || null }),
    markerPath(marker, colour, 13, 6));
}

/** Returns the symbol of a learner's look, as an image. */
export const learnerSymbol = (learner) =>
  svg("svg", { width: 26, height: 12, viewBox: "0 0 26 12", "aria-hidden": "true" }, lookGroup(learner));

/** Returns a learner's name as a button that isolates it everywhere. */
export const learnerButton = (learner) =>
  el("button", { type: "button", class: "pin", "data-learner": learner, "aria-pressed": "false", title: "isolate in all tables and figures" },
    learnerSymbol(learner), el("span", {}, breakable(REPORT.learners[learner])));

/** Returns the attributes of an element that belongs to a learner. */
export const ofLearner = (learner) => ({ class: learnerClass(learner), "data-learner": learner });

/**
 * Returns the CSS class of a signed mean with its interval, `[mean, low, high]`: blue for better,
 * orange for worse, none where the interval contains zero.
 */
export function signClass(bounds) {
  if (!bounds || bounds[0] === null || (bounds[1] <= 0 && bounds[2] >= 0)) return "";
  return bounds[0] > 0 ? "heat-better" : "heat-worse";
}

/** Returns the key of that colour scale, which says what its two directions mean. */
export const colourKey = (better, worse) => el("p", { class: "key" },
  [["heat-better", `blue, +: ${better}`], ["heat-worse", `orange, −: ${worse}`], ["", "no colour: the interval holds 0"]]
    .map(([name, text]) => el("span", {}, name ? el("span", { class: `swatch ${name}` }) : null, text)));
