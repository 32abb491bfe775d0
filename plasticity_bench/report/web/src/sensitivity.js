/**
 * @file Section of searches: how scores depend on hyperparameters.
 */

import { dot, line, ruleX } from "@observablehq/plot";
import { ticks } from "d3-array";
import { symbolCircle, symbolSquare, symbolTimes } from "d3-shape";

import { drawPlot, tickCount } from "./charts.js";
import { figureGrid, select } from "./controls.js";
import { REPORT, SCORES, formatFixed, formatHyperparameter } from "./data.js";
import { el, svg } from "./dom.js";
import { markerPath } from "./encoding.js";
import { chartFigure } from "./figure.js";
import { isSelected } from "./learners.js";

const TARGETS = { ...SCORES, retention: "curvature rank to the reference’s", attained: "attained accuracy" };
const SUPERSCRIPTS = { "-": "⁻", ...Array.from("⁰¹²³⁴⁵⁶⁷⁸⁹") };
const HEIGHT = 224;

/** The encoding and the legend's text of each kind of setting. */
const KINDS = {
  tried: { colour: "var(--c1)", marker: symbolCircle, r: 3, text: "tried" },
  diverged: { colour: "var(--c1)", marker: symbolTimes, r: 3.6, stroked: true, text: "tried, with diverged members" },
  chosen: { colour: "var(--c2)", marker: symbolSquare, r: 4.5, text: "chosen" },
};

function kindOf(tried) {
  if (tried.chosen) return KINDS.chosen;
  return tried.diverged ? KINDS.diverged : KINDS.tried;
}

/** Returns the values of about `count` ticks of a logarithmic axis: powers of ten, or 1, 2 and 5. */
export function logTicks(low, high, count) {
  const [first, last] = [Math.ceil(Math.log10(low)), Math.floor(Math.log10(high))];
  const decades = last - first;
  if (decades < 1) {
    return [first - 1, first, last].flatMap((power) => [1, 2, 5].map((factor) => factor * 10 ** power))
      .filter((value, index, all) => value >= low && value <= high && all.indexOf(value) === index);
  }
  const step = Math.max(1, Math.ceil(decades / count));
  return Array.from({ length: decades + 1 }, (_, i) => first + i).filter((power) => power % step === 0).map((power) => 10 ** power);
}

const isPower = (value) => Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9;
const powerText = (value) => `10${String(Math.round(Math.log10(value))).replace(/[-\d]/g, (char) => SUPERSCRIPTS[char])}`;

/** Returns the section of the settings that searches tried, as a list of elements. */
export function sensitivitySection() {
  const many = REPORT.learners.length > REPORT.selected.length;
  let [learner, hyperparameter] = [many ? "coloured" : "all", "all"];
  const { searches } = REPORT;
  const pairs = searches.flatMap((search) => Object.keys(search.tried[0]?.setting || {}).map((name) => [search, name]));
  const names = (list) => [...new Set(list)].map((name) => [name, name]);
  const inColours = (label) => REPORT.learners.some((name, index) => name.replace(/ \(tuned\)$/, "") === label && isSelected(index));
  const isChosen = ([search, name]) =>
    (learner === "all" || search.learner === learner || (learner === "coloured" && inColours(search.learner)))
    && (hyperparameter === "all" || name === hyperparameter);
  const figures = figureGrid(() => {
    const charts = pairs.filter(isChosen).map(([search, name]) => sensitivityChart(search, name));
    return charts.length ? charts : [el("p", { class: "quiet" }, "No search of these learners is known.")];
  }, { className: "small-panels", bySelection: many });
  const unfinished = searches.filter((search) => search.unfinished)
    .map((search) => `${search.learner}: ${search.unfinished} more, of which some seeds have no result`);
  const seeds = [...new Set(searches.map((search) => search.seeds))].sort((a, b) => a - b).join(" or ");
  return [
    el("p", {}, `Every setting that was tried for the whole length: means with 95 % intervals over the ${seeds} seeds of the search, which are not scored otherwise. Settings with the same value of one hyperparameter differ in others.`),
    unfinished.length ? el("p", { class: "quiet" }, `${unfinished.join("; ")}.`) : null,
    searches.some((search) => search.score === "attained")
      ? el("p", { class: "quiet" }, "Of the reference: accuracy between chance (0) and 1, for its score against itself is always 1.") : null,
    el("div", { class: "controls" },
      select("Learner", [...(many ? [["coloured", "those in colours"]] : []), ["all", "every learner"], ...names(pairs.map(([search]) => search.learner))],
        learner, (value) => { learner = value; figures.update(); }),
      select("Hyperparameter", [["all", "every hyperparameter"], ...names(pairs.map(([, name]) => name))],
        hyperparameter, (value) => { hyperparameter = value; figures.update(); })),
    kindLegend(), figures.element,
  ];
}

function kindLegend() {
  const present = new Set(REPORT.searches.flatMap((search) => search.tried.map(kindOf)));
  const image = ({ marker, colour, stroked }) => {
    const path = markerPath(marker, stroked ? "none" : colour, 7, 7);
    if (stroked) path.setAttribute("stroke", colour);
    return svg("svg", { width: 14, height: 14, "aria-hidden": "true" }, path);
  };
  return el("p", { class: "key" }, Object.values(KINDS).filter((kind) => present.has(kind)).map((kind) =>
    el("span", { class: "name" }, image(kind), kind.text)));
}

/** Returns the options of the x axis of a hyperparameter, as the search scaled it. */
function hyperparameterAxis(search, name, width) {
  const values = [...new Set(search.tried.map(({ setting }) => setting[name]))].sort((a, b) => (a < b ? -1 : 1));
  const scale = search.scales[name];
  const count = tickCount(width - 60);
  if (scale === "choice") {
    return { label: name, type: "point", padding: 0.5, domain: values, at: values, tickFormat: formatHyperparameter };
  }
  const [low, high] = [values[0], values.at(-1)];
  if (scale === "log") {
    const factor = (high / low) ** 0.08 || 1;
    const domain = low === high ? [low / 2, high * 2] : [low / factor, high * factor];
    const at = logTicks(...domain, count);
    const powers = at.length > 1 && at.every(isPower);
    return { label: name, type: "log", domain, at, tickFormat: powers ? powerText : formatHyperparameter };
  }
  const padding = (high - low) * 0.08 || 0.5;
  const domain = [low - padding, high + padding];
  return { label: name, domain, at: ticks(...domain, count) };
}

function sensitivityChart(search, name) {
  const label = TARGETS[search.score];
  const value = (tried) => tried.setting[name];
  const inOrder = [...search.tried].sort((a, b) => (value(a) < value(b) ? -1 : 1));
  const bounds = (tried) => tried.interval || [tried.score, tried.score];
  const yDomain = [
    Math.min(0, ...search.tried.map((tried) => bounds(tried)[0])) - 0.03,
    Math.max(1, ...search.tried.map((tried) => bounds(tried)[1])) + 0.03,
  ];
  function draw(width) {
    const alone = Object.keys(inOrder[0].setting).length === 1; // there is one score at each x
    const { root, x, y } = drawPlot({
      width, height: HEIGHT, x: hyperparameterAxis(search, name, width), y: { label, domain: yDomain },
      marks: [
        ...(alone ? [line(inOrder, { x: value, y: "score", stroke: "var(--c1)", strokeOpacity: 0.4 })] : []),
        ...[...inOrder].sort((a, b) => a.chosen - b.chosen).flatMap((tried) => settingMarks(tried, value(tried), bounds(tried))), // chosen ones on top
      ],
    });
    const stops = inOrder.map((tried) => ({
      x: x(value(tried)), heading: settingHeading(label, tried),
      points: [{ y: y(tried.score), learner: null }], lines: () => settingLines(tried),
    }));
    return { root, stops, byColumn: false };
  }
  return chartFigure(`${search.learner}: ${name}`, {
    height: () => HEIGHT, draw,
    describe: () => {
      const chosen = inOrder.filter((tried) => tried.chosen)
        .map((tried) => `${formatHyperparameter(value(tried))} with ${formatFixed(tried.score)}`);
      return `${label} of ${inOrder.length} settings over ${name}. Chosen: ${chosen.join(", ") || "none"}.`;
    },
    values: () => ({
      headers: [name, label, "low", "high", "diverged", "chosen"],
      rows: inOrder.map((tried) => [value(tried), tried.score, ...bounds(tried), tried.diverged, tried.chosen ? "yes" : ""]),
    }),
  });
}

function settingMarks(tried, x, [low, high]) {
  const kind = kindOf(tried);
  const point = { x: () => x, y: () => tried.score, symbol: kind.marker, r: kind.r };
  return [
    ruleX([0], { x: () => x, y1: low, y2: high, stroke: kind.colour, strokeWidth: 1.3 }),
    dot([0], kind.stroked ? { ...point, stroke: kind.colour, strokeWidth: 1.6 } : { ...point, fill: kind.colour }),
  ];
}

function settingHeading(label, { score, interval, chosen }) {
  const ends = interval ? ` [${formatFixed(interval[0])}, ${formatFixed(interval[1])}]` : "";
  return `${label} ${formatFixed(score)}${ends}${chosen ? ", chosen" : ""}`;
}

const settingLines = ({ setting, diverged }) => [
  ...Object.entries(setting).map(([name, value]) => [null, `${name} ${formatHyperparameter(value)}`]),
  ...(diverged ? [[null, `${diverged} diverged`]] : []),
];
