/**
 * @file Charts of learners, drawn by Observable Plot: lines with bands, and points with labels.
 */

import { areaY, axisX, axisY, dot, gridY, lineY, link, plot, ruleX, ruleY, text } from "@observablehq/plot";
import { ticks } from "d3-array";

import { REPORT, formatFixed, formatInterval, formatNumber } from "./data.js";
import { learnerLook } from "./encoding.js";
import { chartFigure } from "./figure.js";
import { isSelected, learnerClass, selectedLearners } from "./learners.js";
import { joins, placeLabels, textWidth } from "./text.js";

export const MARGIN = { left: 44, right: 14, top: 24, bottom: 42 };

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

/** Returns how many tick labels there is room for on an axis of that many pixels. */
export const tickCount = (pixels, each = 64) => Math.max(2, Math.floor(pixels / each));

/**
 * Returns a plot by Observable Plot with this report's axes: {root, x, y}, the last two being its
 * scales. `x` and `y` are Plot's scale options and may have `at`: the values of their ticks.
 */
export function drawPlot({ width, height, x, y, marks, margin = MARGIN }) {
  const { at: xTicks, ...xScale } = x;
  const { at: yTicks, ...yScale } = y;
  const axis = { stroke: "var(--line)", fill: "var(--quiet)", tickSize: 4, label: null };
  const title = { fill: "var(--text)" };
  const fits = textWidth(x.label, 12) < width - margin.left - margin.right;
  const root = plot({
    width, height, marginLeft: margin.left, marginRight: margin.right, marginTop: margin.top, marginBottom: margin.bottom,
    style: { fontSize: "12px", fontFamily: "inherit", background: "none", overflow: "visible" },
    x: xScale, y: yScale,
    marks: [
      gridY({ ticks: yTicks ?? 5, stroke: "var(--faint)", strokeOpacity: 1 }),
      axisY({ ...axis, ticks: yTicks ?? 5, tickFormat: y.tickFormat ?? ((value) => formatNumber(value)), tickSize: 0 }),
      axisX({ ...axis, ticks: xTicks ?? tickCount(width - margin.left - margin.right), tickFormat: x.tickFormat ?? ((value) => formatNumber(value)) }),
      text([x.label], { ...title, frameAnchor: fits ? "bottom" : "bottom-right", dy: margin.bottom - 4, lineAnchor: "bottom" }),
      ...(y.label ? [text([y.label], { ...title, frameAnchor: "top-left", dx: -margin.left + 2, dy: -margin.top + 2, lineAnchor: "top" })] : []),
      ...marks,
    ],
  });
  root.querySelector("style")?.remove(); // the page's style has these rules, and its policy allows no others
  root.setAttribute("aria-hidden", "true");
  root.setAttribute("focusable", "false");
  return { root, x: root.scale("x").apply, y: root.scale("y").apply };
}

/** Returns learners' items in the order of drawing: grey ones below, the reference on top. */
const inOrder = (items) => [...items].sort((a, b) =>
  isSelected(a.learner) - isSelected(b.learner) || REPORT.looks[b.learner] - REPORT.looks[a.learner]);

/**
 * Returns a figure with one line and its band for each learner; those that are grey have no band.
 *
 * Each of `series` is {learner, x, mean, low, high}, the last four being lists of the same length;
 * one that is `strong` is drawn as if it were selected.
 * `heading(x)` is the first line of the tooltip; with `integers`, ticks of x are whole numbers.
 */
export function lineChart({ title, series, labels, yDomain, heading, integers = false }) {
  const allX = [...new Set(series.flatMap((one) => one.x))].sort((a, b) => a - b);
  const height = (width) => Math.round(Math.min(320, Math.max(220, width * 0.62)));
  const values = () => ({
    headers: ["learner", labels.x, "mean", "low", "high"],
    rows: series.flatMap(({ learner, x, mean, low, high }) =>
      x.map((value, i) => [REPORT.learners[learner], value, mean[i], low[i], high[i]])),
  });
  function draw(width) {
    const domain = [allX[0], allX.at(-1)];
    const at = ticks(...domain, tickCount(width - MARGIN.left - MARGIN.right))
      .filter((value) => !integers || Number.isInteger(value));
    const shown = inOrder(series);
    const { root, x, y } = drawPlot({
      width, height: height(width),
      x: { label: labels.x, domain, at }, y: { label: labels.y, domain: yDomain },
      marks: [...shown.filter((one) => one.strong || isSelected(one.learner)).map(band), ...shown.flatMap(lineMarks)],
    });
    const stops = allX.map((value) => ({
      x: x(value), heading: heading(value), lines: (learner) => tooltipLines(series, value, learner),
      points: series.flatMap(({ learner, x: own, mean }) => {
        const mine = mean[own.indexOf(value)];
        return mine === undefined || mine === null ? [] : [{ y: y(mine), learner }];
      }),
    }));
    return { root, stops, byColumn: true, learners: selectedLearners().filter((learner) => series.some((one) => one.learner === learner)) };
  }
  return chartFigure(title, { height, draw, values, describe: () => describeLines(series, labels) });
}

/** Returns the tooltip's lines at one x, best first: of `learner` and the reference, or of all in colours. */
function tooltipLines(series, x, learner) {
  const meant = (one) => (learner === null ? isSelected(one.learner) : [learner, REPORT.reference].includes(one.learner));
  return series
    .filter(meant)
    .map((one) => [one, one.x.indexOf(x)])
    .filter(([, index]) => index >= 0)
    .sort(([a, i], [b, j]) => b.mean[j] - a.mean[i])
    .map(([{ learner: owner, mean, low, high }, index]) => {
      const interval = low[index] === null ? "" : `[${formatNumber(low[index])}, ${formatNumber(high[index])}]`;
      return [owner, `${REPORT.learners[owner]} ${formatNumber(mean[index])} ${interval}`];
    });
}

function describeLines(series, labels) {
  const last = series.filter((one) => isSelected(one.learner))
    .map((one) => `${REPORT.learners[one.learner]} ${formatNumber(one.mean.at(-1))}`);
  return `Lines of ${labels.y} over ${labels.x}, with 95 % intervals over seeds. At the end: ${last.join(", ") || "none in colours"}.`;
}

/** Returns the points of a series that have a value, as {x, mean, low, high}. */
const definedPoints = (series) =>
  series.x
    .map((x, i) => ({ x, mean: series.mean[i], low: series.low[i], high: series.high[i] }))
    .filter((point) => point.mean !== null);

/** A series that is strong and not selected is darker than the grey ones. */
const lineColour = ({ learner, strong }) => (strong && !isSelected(learner) ? "var(--quiet)" : learnerLook(learner).colour);

const band = (series) => areaY(definedPoints(series).filter((point) => point.low !== null), { // of one seed, none
  x: "x", y1: "low", y2: "high", fill: lineColour(series), fillOpacity: 0.13,
  className: learnerClass(series.learner),
});

/** Returns a series' line, and markers on some of its points: on others than its neighbours' are. */
function lineMarks(series) {
  const [{ marker, dash }, colour] = [learnerLook(series.learner), lineColour(series)];
  const [points, className] = [definedPoints(series), learnerClass(series.learner)];
  const coloured = series.strong || isSelected(series.learner);
  const line = lineY(points, { x: "x", y: "mean", stroke: colour, strokeWidth: coloured ? 1.8 : 0.7, strokeDasharray: dash, className });
  if (!coloured) return [line];
  const step = Math.max(1, Math.round(points.length / 6));
  const marked = points.filter((_, i) => (i + REPORT.looks[series.learner]) % step === 0 || points.length < 8);
  return [line, dot(marked, { x: "x", y: "mean", fill: colour, stroke: "var(--page)", strokeWidth: 0.7, symbol: marker, r: 3.8, className })];
}

/**
 * Returns a figure with one labelled point for each learner in colours, its intervals as error bars
 * and its seeds, and a grey point for each of the others.
 *
 * Each of `points` is {learner, x, y, seeds}: x and y as [mean, low, high], seeds as [y, x].
 */
export function scatterChart({ title, points, labels }) {
  const height = (width) => Math.round(Math.min(440, Math.max(280, width * 0.85)));
  const values = () => ({
    headers: ["learner", ...[labels.x, labels.y].flatMap((name) => [name, `${name} low`, `${name} high`])],
    rows: points.map(({ learner, x, y }) => [REPORT.learners[learner], ...x, ...y]),
  });
  function draw(width) {
    const domain = (axis) => paddedDomain([0, 1, ...points.flatMap((point) => (isSelected(point.learner) ? point[axis] : [point[axis][0]]))]);
    const options = { width, height: height(width), x: { label: labels.x, domain: domain("x") }, y: { label: labels.y, domain: domain("y") } };
    const { x, y } = drawPlot({ ...options, marks: [] }); // its scales say where there is room for labels
    const frame = { left: MARGIN.left, right: width - 4, top: 16, bottom: height(width) - MARGIN.bottom };
    const { root } = drawPlot({
      ...options,
      marks: [
        link([0], { x1: 0, y1: 0, x2: 1, y2: 1, stroke: "var(--line)", strokeDasharray: "2 4" }),
        ...inOrder(points).flatMap(pointMarks), ...labelMarks(points, x, y, frame),
      ],
    });
    const stops = [...points].sort((a, b) => a.x[0] - b.x[0]).map(({ learner, x: across, y: up, seeds }) => ({
      x: x(across[0]), heading: REPORT.learners[learner], points: [{ y: y(up[0]), learner }],
      lines: () => [[learner, `${labels.y} ${formatInterval(up)}`], [null, `${labels.x} ${formatInterval(across)}`], [null, `${seeds.length} seeds`]],
    }));
    return { root, stops, byColumn: false, learners: selectedLearners().filter((learner) => points.some((one) => one.learner === learner)) };
  }
  const describe = () => {
    const means = points.filter((point) => isSelected(point.learner))
      .map(({ learner, x, y }) => `${REPORT.learners[learner]} ${formatFixed(x[0])} and ${formatFixed(y[0])}`);
    return `Means of ${labels.x} and ${labels.y}: ${means.join("; ") || "none in colours"}.`;
  };
  return chartFigure(title, { height, draw, values, describe });
}

function pointMarks({ learner, x, y, seeds }) {
  const { colour, marker } = learnerLook(learner);
  const className = learnerClass(learner);
  const mean = { x: x[0], y: y[0], fill: colour, symbol: marker, className };
  if (!isSelected(learner)) return [dot([0], { ...mean, r: 3 })];
  const known = seeds.filter(([up, across]) => up !== null && across !== null);
  const bars = x[1] === null || y[1] === null ? [] : [
    ruleY([y[0]], { x1: x[1], x2: x[2], stroke: colour, strokeWidth: 1.4, className }),
    ruleX([x[0]], { y1: y[1], y2: y[2], stroke: colour, strokeWidth: 1.4, className }),
  ];
  return [
    dot(known, { x: "1", y: "0", fill: colour, fillOpacity: 0.35, symbol: marker, r: 2.4, className }),
    ...bars, dot([0], { ...mean, stroke: "var(--page)", r: 5.5 }),
  ];
}

/** Returns the labels of the points in colours where there is room, each joined to its point if it is away. */
function labelMarks(points, x, y, frame) {
  const chosen = points.filter((point) => isSelected(point.learner)).map(({ learner, x: across, y: up }) =>
    ({ learner, across: across[0], up: up[0], x: x(across[0]), y: y(up[0]), text: REPORT.learners[learner] }));
  const places = placeLabels(chosen, frame);
  return chosen.flatMap(({ learner, across, up, x: left, y: top, text: label }, index) => {
    const place = places[index];
    if (!place) return [];
    const className = learnerClass(learner);
    const [dx, dy] = [place.x - left, place.y - top];
    const mark = text([label], { x: () => across, y: () => up, dx, dy, textAnchor: place.anchor, fontSize: 11, fill: "var(--text)", stroke: "var(--page)", className });
    return joins(place, chosen[index]) ? [leader(across, up, dx, dy, className), mark] : [mark];
  });
}

/** Returns the line from a point to its label. */
const leader = (across, up, dx, dy, className) => link([0], {
  x1: across, y1: up, x2: across, y2: up, stroke: "var(--quiet)", strokeWidth: 0.6, className,
  render: (index, scales, channels, dimensions, context, next) => {
    const group = next(index, scales, channels, dimensions, context);
    const [x, y] = [channels.x1[0], channels.y1[0]];
    group.firstChild.setAttribute("d", `M${x},${y}L${x + dx - Math.sign(dx) * 2},${y + dy}`);
    return group;
  },
});
