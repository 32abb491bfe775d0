/**
 * @file Section of searches: how scores depend on hyperparameters.
 */

import { logTicks, plotArea } from "./axes.js";
import { figureGrid, select } from "./controls.js";
import { REPORT, SCORES, formatFixed, formatHyperparameter } from "./data.js";
import { el, svg } from "./dom.js";
import { markerAt } from "./encoding.js";
import { chartFigure, pointCursor } from "./figure.js";

const TARGETS = { ...SCORES, retention: "curvature rank to the reference’s", attained: "attained accuracy" };

/** The encoding and the legend's text of each kind of setting. */
const KINDS = {
  tried: { colour: "k1", marker: "circle", radius: 3.2, text: "tried" },
  diverged: { colour: "k1", marker: "cross", radius: 3.2, text: "tried, with diverged members" },
  chosen: { colour: "k2", marker: "square", radius: 4.5, text: "chosen" },
};

function kindOf(tried) {
  if (tried.chosen) return KINDS.chosen;
  return tried.diverged ? KINDS.diverged : KINDS.tried;
}

/** Returns the section of the settings that searches tried, as a list of elements. */
export function sensitivitySection() {
  let [learner, hyperparameter] = ["all", "all"];
  const { searches } = REPORT;
  const pairs = searches.flatMap((search) => Object.keys(search.tried[0]?.setting || {}).map((name) => [search, name]));
  const options = (allText, names) => [["all", allText], ...[...new Set(names)].map((name) => [name, name])];
  const isSelected = ([search, name]) =>
    (learner === "all" || search.learner === learner) && (hyperparameter === "all" || name === hyperparameter);
  const figures = figureGrid(
    () => pairs.filter(isSelected).map(([search, name]) => sensitivityChart(search, name)), "small-panels");
  const unfinished = searches.filter((search) => search.unfinished)
    .map((search) => `${search.learner}: ${search.unfinished} more, of which some seeds have no result`);
  const seeds = [...new Set(searches.map((search) => search.seeds))].sort((a, b) => a - b).join(" or ");
  return [
    el("p", {}, `Every setting that was tried for the whole length: means with 95 % intervals over the ${seeds} seeds of the search, which are not scored otherwise. Settings with the same value of one hyperparameter differ in others.`),
    unfinished.length ? el("p", { class: "quiet" }, `${unfinished.join("; ")}.`) : null,
    searches.some((search) => search.score === "attained")
      ? el("p", { class: "quiet" }, "Of the reference: accuracy between chance (0) and 1, for its score against itself is always 1.") : null,
    el("div", { class: "controls" },
      select("Learner", options("every learner", pairs.map(([search]) => search.learner)), learner, (value) => { learner = value; figures.update(); }),
      select("Hyperparameter", options("every hyperparameter", pairs.map(([, name]) => name)), hyperparameter, (value) => { hyperparameter = value; figures.update(); })),
    kindLegend(), figures.element,
  ];
}

function kindLegend() {
  const present = new Set(REPORT.searches.flatMap((search) => search.tried.map(kindOf)));
  return el("p", { class: "key" }, Object.values(KINDS).filter((kind) => present.has(kind)).map((kind) =>
    el("span", { class: "name" }, svg("svg", { width: 12, height: 12, "aria-hidden": "true" }, markerAt(6, 6, kind)), kind.text)));
}

/**
 * Returns the x axis of a hyperparameter: {position(value), domain, ticks}, positions being
 * logarithms, indices of choices or the values themselves, as the search scaled it.
 */
function hyperparameterAxis(search, name) {
  const values = [...new Set(search.tried.map(({ setting }) => setting[name]))].sort((a, b) => (a < b ? -1 : 1));
  const scale = search.scales[name];
  const position = { log: Math.log10, choice: (value) => values.indexOf(value) }[scale] || Number;
  const positions = values.map(position);
  const [low, high] = [Math.min(...positions), Math.max(...positions)];
  const padding = (high - low) * 0.08 || 0.5;
  const domain = [low - padding, high + padding];
  const ticks = {
    log: (count) => logTicks(...domain, count),
    choice: () => values.map((value, index) => [index, formatHyperparameter(value)]),
  }[scale];
  return { position, domain, ticks };
}

function sensitivityChart(search, name) {
  const axis = hyperparameterAxis(search, name);
  const label = TARGETS[search.score];
  const position = (tried) => axis.position(tried.setting[name]);
  const byPosition = [...search.tried].sort((a, b) => position(a) - position(b));
  const bounds = (tried) => tried.interval || [tried.score, tried.score];
  const yDomain = [
    Math.min(0, ...search.tried.map((tried) => bounds(tried)[0])) - 0.03,
    Math.max(1, ...search.tried.map((tried) => bounds(tried)[1])) + 0.03,
  ];
  const values = () => ({
    headers: [name, label, "low", "high", "diverged", "chosen"],
    rows: byPosition.map(({ setting, score, interval, diverged, chosen }) => [
      formatHyperparameter(setting[name]),
      ...[score, interval?.[0], interval?.[1]].map((value) => formatFixed(value, 3)),
      String(diverged), chosen ? "yes" : "",
    ]),
  });
  function draw(width) {
    const plot = plotArea(width, 220, { x: axis.domain, y: yDomain }, { x: name, y: label }, axis.ticks);
    const [x, y] = [(tried) => plot.x(position(tried)), (tried) => plot.y(tried.score)];
    if (Object.keys(byPosition[0].setting).length === 1) { // there is one score at each x
      const points = byPosition.map((tried) => `${x(tried).toFixed(1)},${y(tried).toFixed(1)}`).join(" ");
      plot.root.append(svg("polyline", { points, class: "k1 stroke light" }));
    }
    for (const tried of [...byPosition].sort((a, b) => a.chosen - b.chosen)) { // chosen ones on top
      const [kind, [low, high]] = [kindOf(tried), bounds(tried)];
      plot.root.append(
        svg("line", { class: `${kind.colour} stroke`, "stroke-width": 1.5, x1: x(tried), x2: x(tried), y1: plot.y(low), y2: plot.y(high) }),
        markerAt(x(tried), y(tried), kind));
    }
    const stops = byPosition.map((tried) => ({
      x: x(tried), y: y(tried), heading: settingHeading(label, tried), lines: settingLines(tried),
    }));
    const chosen = byPosition.filter((tried) => tried.chosen)
      .map((tried) => `${formatHyperparameter(tried.setting[name])} with ${formatFixed(tried.score)}`);
    return {
      ...plot, stops, cursor: pointCursor, byColumn: false,
      description: `${label} of ${byPosition.length} settings over ${name}. Chosen: ${chosen.join(", ") || "none"}.`,
    };
  }
  return chartFigure(`${search.learner}: ${name}`, draw, values);
}

function settingHeading(label, { score, interval, chosen }) {
  const bounds = interval ? ` [${formatFixed(interval[0])}, ${formatFixed(interval[1])}]` : "";
  return `${label} ${formatFixed(score)}${bounds}${chosen ? ", chosen" : ""}`;
}

const settingLines = ({ setting, diverged }) => [
  ...Object.entries(setting).map(([name, value]) => [null, `${name} ${formatHyperparameter(value)}`]),
  ...(diverged ? [[null, `${diverged} diverged`]] : []),
];
