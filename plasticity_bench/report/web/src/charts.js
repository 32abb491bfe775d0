/**
 * @file Charts of learners: lines with bands, and scatter plots.
 */

import { paddedDomain, plotArea } from "./axes.js";
import { isVisible } from "./controls.js";
import { REPORT, formatFixed, formatInterval, formatNumber } from "./data.js";
import { svg } from "./dom.js";
import { learnerEncoding, markerAt } from "./encoding.js";
import { chartFigure, pointCursor } from "./figure.js";

const pixel = (value) => value.toFixed(1);
const polylinePoints = (points) => points.map(([x, y]) => `${pixel(x)},${pixel(y)}`).join(" ");

/**
 * Returns a figure with one line and its band for each learner.
 *
 * Each of `series` is {learner, x, mean, low, high}, the last four being lists of the same length.
 * `domain` may lack x; `heading(x)` is the first line of the tooltip.
 */
export function lineChart({ title, series, labels, domain, heading }) {
  const visibleSeries = () => series.filter((one) => isVisible(one.learner));
  const values = () => ({
    headers: ["learner", labels.x, "mean", "low", "high"],
    rows: visibleSeries().flatMap(({ learner, x, mean, low, high }) => x.map((value, i) =>
      [REPORT.learners[learner], formatNumber(value), ...[mean, low, high].map((list) => formatNumber(list[i], 4))])),
  });
  function draw(width) {
    const shown = visibleSeries();
    const allX = series.flatMap((one) => one.x); // of those not shown too: the axis stays
    const plot = plotArea(width, Math.min(320, Math.max(220, width * 0.62)),
      { x: domain.x || [Math.min(...allX), Math.max(...allX)], y: domain.y }, labels);
    shown.forEach((one) => plot.root.append(band(plot, one)));
    shown.forEach((one, index) => plot.root.append(...lineWithMarkers(plot, one, index)));
    const shownX = [...new Set(shown.flatMap((one) => one.x))].sort((a, b) => a - b);
    return {
      ...plot,
      stops: shownX.map((value) => ({ x: plot.x(value), heading: heading(value), lines: tooltipLines(shown, value) })),
      cursor: (stop) => svg("line", { class: "cursor", x1: stop.x, x2: stop.x, y1: plot.top, y2: plot.bottom }),
      byColumn: true,
      description: describeLines(shown, labels),
    };
  }
  return chartFigure(title, draw, values);
}

/** Returns the tooltip's lines at one x: the visible learners that have a value there, best first. */
function tooltipLines(series, x) {
  return series
    .map((one) => [one, one.x.indexOf(x)])
    .filter(([, index]) => index >= 0)
    .sort(([a, i], [b, j]) => b.mean[j] - a.mean[i])
    .map(([{ learner, mean, low, high }, index]) => {
      const interval = low[index] === null ? "" : `[${formatNumber(low[index])}, ${formatNumber(high[index])}]`;
      return [learner, `${REPORT.learners[learner]} ${formatNumber(mean[index])} ${interval}`];
    });
}

function describeLines(series, labels) {
  const last = series.map((one) => `${REPORT.learners[one.learner]} ${formatNumber(one.mean.at(-1))}`);
  return `Lines of ${labels.y} over ${labels.x}, with 95 % intervals over seeds. At the end: ${last.join(", ") || "none shown"}.`;
}

/** Returns the points of a series that have a value, as {x, mean, low, high}. */
const definedPoints = (series) =>
  series.x
    .map((x, i) => ({ x, mean: series.mean[i], low: series.low[i], high: series.high[i] }))
    .filter((point) => point.mean !== null);

function band(plot, series) {
  const points = definedPoints(series).filter((point) => point.low !== null); // of one seed, none
  const lower = points.map(({ x, low }) => [plot.x(x), plot.y(low)]);
  const upper = points.map(({ x, high }) => [plot.x(x), plot.y(high)]).reverse();
  const { colour } = learnerEncoding(series.learner);
  return svg("polygon", { points: polylinePoints([...lower, ...upper]), class: `${colour} area` });
}

/** Returns a series' line, and markers on some of its points: on others than its neighbours' are. */
function lineWithMarkers(plot, series, index) {
  const { colour, marker, dash } = learnerEncoding(series.learner);
  const points = definedPoints(series).map(({ x, mean }) => [plot.x(x), plot.y(mean)]);
  const step = Math.max(1, Math.round(points.length / 6));
  const marked = points.filter((_, i) => (i + index) % step === 0 || points.length < 8);
  return [
    svg("polyline", {
      points: polylinePoints(points), class: `${colour} stroke`,
      "stroke-width": 1.8, "stroke-dasharray": dash, "stroke-linejoin": "round",
    }),
    ...marked.map(([x, y]) => markerAt(x, y, { colour, marker, radius: 3.6 })),
  ];
}

/**
 * Returns a figure with one point for each learner, its intervals as error bars, and its seeds.
 *
 * Each of `points` is {learner, x, y, seeds}: x and y as [mean, low, high], seeds as [y, x].
 */
export function scatterChart({ title, points, labels }) {
  const visiblePoints = () => points.filter((point) => isVisible(point.learner) && point.x && point.y);
  const values = () => ({
    headers: ["learner", labels.x, labels.y],
    rows: visiblePoints().map(({ learner, x, y }) => [REPORT.learners[learner], formatInterval(x, 3), formatInterval(y, 3)]),
  });
  function draw(width) {
    const shown = visiblePoints();
    const domain = (axis) => paddedDomain([0, 1, ...shown.flatMap((point) => point[axis])]);
    const plot = plotArea(width, Math.min(400, Math.max(260, width * 0.8)), { x: domain("x"), y: domain("y") }, labels);
    plot.root.append(svg("line", { class: "diagonal", x1: plot.x(0), y1: plot.y(0), x2: plot.x(1), y2: plot.y(1) }));
    for (const { learner, seeds } of shown) {
      const { colour, marker } = learnerEncoding(learner);
      for (const [y, x] of seeds) {
        if (x === null || y === null) continue;
        plot.root.append(markerAt(plot.x(x), plot.y(y), { colour, marker, radius: 2.6, className: "light" }));
      }
    }
    for (const point of shown) plot.root.append(...pointWithErrorBars(plot, point));
    const stops = shown.map(({ learner, x, y, seeds }) => ({
      x: plot.x(x[0]), y: plot.y(y[0]), heading: REPORT.learners[learner],
      lines: [
        [learner, `${labels.y} ${formatInterval(y)}`],
        [null, `${labels.x} ${formatInterval(x)}`],
        [null, `${seeds.length} seeds`],
      ],
    })).sort((a, b) => a.x - b.x);
    const means = shown.map(({ learner, x, y }) => `${REPORT.learners[learner]} ${formatFixed(x[0])} and ${formatFixed(y[0])}`);
    return {
      ...plot, stops, cursor: pointCursor, byColumn: false,
      description: `Means of ${labels.x} and ${labels.y}: ${means.join("; ") || "none shown"}.`,
    };
  }
  return chartFigure(title, draw, values);
}

function pointWithErrorBars(plot, { learner, x, y }) {
  const { colour, marker } = learnerEncoding(learner);
  const style = { class: `${colour} stroke`, "stroke-width": 1.5 };
  const centre = [plot.x(x[0]), plot.y(y[0])];
  const bars = x[1] === null || y[1] === null ? [] : [
    svg("line", { ...style, x1: plot.x(x[1]), x2: plot.x(x[2]), y1: centre[1], y2: centre[1] }),
    svg("line", { ...style, x1: centre[0], x2: centre[0], y1: plot.y(y[1]), y2: plot.y(y[2]) }),
  ];
  return [...bars, markerAt(...centre, { colour, marker, radius: 6 })];
}
