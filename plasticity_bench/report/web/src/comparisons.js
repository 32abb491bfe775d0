/**
 * @file Sections of comparisons: performance profiles and paired differences.
 */

import { dot, ruleX, ruleY } from "@observablehq/plot";

import { drawPlot, lineChart, paddedDomain } from "./charts.js";
import { figureGrid, legend, select, streamOptions } from "./controls.js";
import { REPORT, SCORES, STREAMS, formatFixed, formatInterval, formatNumber } from "./data.js";
import { el } from "./dom.js";
import { colourKey, signClass } from "./encoding.js";
import { chartFigure } from "./figure.js";
import { learnerClass } from "./learners.js";
import { textWidth } from "./text.js";

const ROW = 19; // pixels for each learner of the differences

/** Returns the section of performance profiles, as a list of elements. */
export function profileSection() {
  let score = "trainability";
  const streams = REPORT.streams.length > 1 ? [null, ...STREAMS] : STREAMS;
  const chart = (stream) => {
    const rows = REPORT.profiles.filter((row) => row.stream === stream && row.score === score);
    return rows.length ? lineChart({
      title: stream === null ? "all streams" : REPORT.streams[stream],
      labels: { x: `${SCORES[score]} τ`, y: "share of runs above τ" },
      series: rows.map(({ learner, thresholds, share, low, high }) => ({ learner, x: thresholds, mean: share, low, high })),
      yDomain: [0, 1], heading: (threshold) => `τ = ${formatFixed(threshold)}`,
    }) : null;
  };
  const figures = figureGrid(() => streams.map(chart).filter(Boolean));
  return [
    el("p", {}, "The share of runs (streams × seeds) that score more than τ: a line above another is better at every level. Bands are 95 % intervals over seeds."),
    el("div", { class: "controls" }, select("Score", Object.entries(SCORES), score, (value) => { score = value; figures.update(); })),
    legend(), figures.element,
  ];
}

/** Returns the learner that is compared at first: the user's own, or else the best. */
function initialLearner() {
  const others = REPORT.learners.map((_, index) => index).filter((index) => index !== REPORT.reference);
  return others.find((index) => REPORT.learners[index].includes(":")) ?? others[0] ?? REPORT.reference;
}

/** Returns the section of paired differences between one learner and all others, as a list of elements. */
export function differenceSection() {
  const several = REPORT.streams.length > 1;
  let [score, selected, learner] = ["trainability", several ? "all" : "0", initialLearner()];
  const figures = figureGrid(() => [differenceChart(learner, score, selected === "all" ? null : Number(selected))], { className: "one-panel" });
  const learners = REPORT.learners.map((name, index) => [String(index), name]);
  return [
    el("p", {}, "How much more one learner scores than each other, on the seeds that both have: mean and 95 % interval. Filled: p < 0.05 by a sign-flip test, corrected for all pairs of learners."),
    colourKey("the learner is better", "the other is better"),
    el("div", { class: "controls" },
      select("Learner", learners, String(learner), (value) => { learner = Number(value); figures.update(); }),
      select("Score", Object.entries(SCORES), score, (value) => { score = value; figures.update(); }),
      select("Stream", streamOptions(several ? "all streams" : null), selected, (value) => { selected = value; figures.update(); })),
    figures.element,
  ];
}

/** Returns a learner's differences to all others, {learner, bounds, pair}, from the largest. */
function differencesOf(learner, score, stream) {
  return REPORT.pairs
    .filter((pair) => pair.stream === stream && pair.score === score && [pair.learner, pair.other].includes(learner))
    .map((pair) => { // each pair is stored once
      const [mean, low, high] = pair.difference;
      return pair.learner === learner
        ? { learner: pair.other, bounds: pair.difference, pair }
        : { learner: pair.learner, bounds: [-mean, -high, -low], pair };
    })
    .sort((a, b) => b.bounds[0] - a.bounds[0]);
}

function differenceChart(learner, score, stream) {
  const rows = differencesOf(learner, score, stream);
  const name = REPORT.learners[learner];
  if (!rows.length) return el("p", { class: "quiet" }, `${name} shares no two seeds with another learner here.`);
  const isSignificant = ({ pair }) => pair.p_value !== null && pair.p_value < 0.05;
  const details = ({ pair }) => `${pair.seeds} seeds, p = ${formatNumber(pair.p_value, 2)}${pair.too_few ? " (too few seeds)" : ""}`;
  const colour = ({ bounds }) => ({ "heat-better": "rgb(var(--better))", "heat-worse": "rgb(var(--worse))" }[signClass(bounds)] || "var(--quiet)");
  const label = (index) => REPORT.learners[index];
  function draw(width) {
    const longest = Math.min(width * 0.64, 12 + Math.max(...rows.map((row) => textWidth(label(row.learner), 12))));
    const cut = (text) => {
      let end = text.length;
      while (end > 4 && textWidth(text.slice(0, end), 12) > longest - 22) end -= 1;
      return end < text.length && textWidth(text, 12) > longest - 10 ? `${text.slice(0, end)}…` : text;
    };
    const { root, x, y } = drawPlot({
      width, height: rows.length * ROW + 66, margin: { left: longest, right: 14, top: 24, bottom: 42 },
      x: { label: `difference in ${SCORES[score]}`, domain: paddedDomain([0, ...rows.flatMap(({ bounds }) => bounds)]) },
      y: { type: "band", domain: rows.map((row) => row.learner), at: rows.map((row) => row.learner), tickFormat: (index) => cut(label(index)) },
      marks: [
        ruleX([0], { stroke: "var(--quiet)" }),
        ...rows.flatMap((row) => [
          ruleY([row.learner], { x1: row.bounds[1], x2: row.bounds[2], stroke: colour(row), strokeWidth: 1.5, className: learnerClass(row.learner) }),
          dot([row.learner], { x: () => row.bounds[0], y: (index) => index, stroke: colour(row), fill: isSignificant(row) ? colour(row) : "var(--page)", r: 4, className: learnerClass(row.learner) }),
        ]),
      ],
    });
    const stops = rows.map((row) => ({
      x: x(row.bounds[0]), heading: `${name} minus ${label(row.learner)}`,
      points: [{ y: y(row.learner) + root.scale("y").bandwidth / 2, learner: row.learner }],
      lines: () => [[null, formatInterval(row.bounds, 3)], [null, details(row)]],
    }));
    return { root, stops, byColumn: false };
  }
  return chartFigure(`${name} against every other learner, ${stream === null ? "all streams" : REPORT.streams[stream]}`, {
    height: () => rows.length * ROW + 66, draw,
    describe: () => `Differences in ${SCORES[score]}: ${rows.map((row) => `${label(row.learner)} ${formatInterval(row.bounds)}`).join("; ")}.`,
    values: () => ({
      headers: ["learner", "other", "difference", "low", "high", "p (corrected)", "seeds"],
      rows: rows.map(({ learner: other, bounds, pair }) => [name, label(other), ...bounds, pair.p_value, pair.seeds]),
    }),
  });
}
