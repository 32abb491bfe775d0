/**
 * @file Sections of scores: table, scatter plots, performance profiles and paired differences.
 */

import { lineChart, scatterChart } from "./charts.js";
import { figureGrid, legend, select, streamOptions } from "./controls.js";
import { REPORT, SCORES, STREAMS, formatFixed, formatNumber } from "./data.js";
import { el } from "./dom.js";
import { colourKey, divergingColour, learnerLabel } from "./encoding.js";
import { intervalCell, plainTable, sortableTable } from "./tables.js";

/** Returns the section of the table of scores, as a list of elements. */
export function scoreSection() {
  let [search, selected] = ["", ""];
  const streamName = (row) => (row.stream === null ? "mean over streams" : REPORT.streams[row.stream]);
  const filter = (row) =>
    REPORT.learners[row.learner].toLowerCase().includes(search) && (!selected || String(row.stream) === selected);
  const table = sortableTable({
    label: "Scores",
    caption: "Means over seeds with 95 % intervals; trainability is relative to a fresh, tuned network (1), the two retentions to the learner’s own fresh copy (1). Learners of one rank do not differ significantly from one another, corrected for all pairs; the reference has none, nor has a learner that lacks seeds.",
    columns: scoreColumns(streamName), rows: REPORT.scores, sort: { column: "", descending: false }, filter,
  });
  const input = el("input", {
    type: "search", id: "filter", placeholder: "part of a name",
    oninput: () => { search = input.value.toLowerCase(); table.update(); },
  });
  const options = [
    ["", "every stream"],
    ...(REPORT.streams.length > 1 ? [["null", "mean over streams"]] : []),
    ...streamOptions(),
  ];
  return [
    el("div", { class: "controls" },
      el("label", {}, "Learner", input),
      select("Stream", options, "", (value) => { selected = value; table.update(); })),
    table.element,
  ];
}

function scoreColumns(streamName) {
  const score = (key, title) => ({
    name: SCORES[key], title, numeric: true,
    value: (row) => (row[key] ? row[key][0] : null), cell: (row) => intervalCell(row[key]),
  });
  const number = (key, title, format, name = key) => ({
    name, title, numeric: true, value: (row) => row[key], cell: (row) => format(row[key]),
  });
  return [
    {
      name: "learner", title: "sort by learner", sublabel: streamName,
      value: (row) => REPORT.learners[row.learner], cell: (row) => learnerLabel(row.learner),
    },
    { name: "stream", title: "sort by stream", value: streamName, cell: streamName },
    {
      name: "rank", title: "by mean trainability on the stream or on all, with the 95 % interval of the position",
      numeric: true, lowestFirst: true,
      value: ({ rank }) => (rank ? rank[0] : null), cell: ({ rank }) => (rank ? `${rank[0]} [${rank[1]}, ${rank[2]}]` : "–"),
    },
    score("trainability", "accuracy on the last tasks: chance is 0, a fresh, tuned network 1"),
    score("retained_plasticity", "accuracy on the last tasks: chance is 0, the learner's own fresh copy 1"),
    score("curvature_retention", "curvature rank on the last tasks: a dead network is 0, the learner's own fresh copy 1"),
    number("accuracy", "mean end-of-task accuracy over the scored tasks; of regression, R squared", (value) => formatFixed(value, 3)),
    number("curvature", "mean curvature rank over the scored tasks", (value) => formatFixed(value, 1), "curvature rank"),
    {
      name: "seeds", title: "finished seeds that the reference has too", numeric: true,
      value: (row) => row.seeds.length, cell: (row) => String(row.seeds.length),
    },
    ...(REPORT.scores.some((row) => row.diverged) ? [number("diverged", "seeds whose loss was no longer finite; each scores 0", String)] : []),
    number("seconds", "mean wall time of a seed", (value) => formatFixed(value, 2), "seconds per\u00a0seed"),
  ];
}

/** Returns the section of trainability against curvature retention, as a list of elements. */
export function scatterSection() {
  const figures = figureGrid(() => STREAMS.map((stream) => scatterChart({
    title: REPORT.streams[stream], labels: { x: SCORES.curvature_retention, y: SCORES.trainability },
    points: REPORT.scores.filter((row) => row.stream === stream)
      .map((row) => ({ learner: row.learner, x: row.curvature_retention, y: row.trainability, seeds: row.points })),
  })));
  return [
    el("p", {}, "If plasticity goes with curvature, learners that keep the directions of curvature of their own fresh copies are more trainable. Strong marks are means with 95 % intervals, light marks single seeds."),
    legend(), figures.element,
  ];
}

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
      domain: { x: null, y: [0, 1] }, heading: (threshold) => `τ = ${formatFixed(threshold)}`,
    }) : null;
  };
  const figures = figureGrid(() => streams.map(chart).filter(Boolean));
  return [
    el("p", {}, "The share of runs (streams × seeds) that score more than τ: a line above another is better at every level. Bands are 95 % intervals over seeds."),
    el("div", { class: "controls" }, select("Score", Object.entries(SCORES), score, (value) => { score = value; figures.update(); })),
    legend(), figures.element,
  ];
}

/** Returns the section of paired differences between learners, as a list of elements. */
export function differenceSection() {
  const several = REPORT.streams.length > 1;
  let [score, selected] = ["trainability", several ? "all" : "0"];
  const container = el("div", {});
  function update() {
    const stream = selected === "all" ? null : Number(selected);
    const pairs = REPORT.pairs.filter((pair) => pair.stream === stream && pair.score === score);
    const inPairs = new Set(pairs.flatMap((pair) => [pair.learner, pair.other]));
    const learners = REPORT.learners.map((_, index) => index).filter((learner) => inPairs.has(learner));
    const rows = learners.map((learner) => el("tr", {},
      el("th", { scope: "row", class: "stick" }, learnerLabel(learner)),
      learners.map((other) => differenceCell(pairs, learner, other))));
    container.replaceChildren(learners.length
      ? plainTable(["", ...learners.map((learner) => REPORT.learners[learner])], rows, "Paired differences", "matrix")
      : el("p", { class: "quiet" }, "No two learners share two seeds here."));
  }
  update();
  return [
    el("p", {}, "How much more the learner of the row scores than that of the column, on the seeds that both have: mean and 95 % interval. A star: p < 0.05 by a sign-flip test, corrected for all pairs shown."),
    colourKey("the row is better", "the row is worse"),
    el("div", { class: "controls" },
      select("Score", Object.entries(SCORES), score, (value) => { score = value; update(); }),
      select("Stream", streamOptions(several ? "all streams" : null), selected, (value) => { selected = value; update(); })),
    container,
  ];
}

function differenceCell(pairs, learner, other) {
  const small = (text) => el("td", { class: "small" }, text);
  if (learner === other) return small("·");
  const find = (one, two) => pairs.find((pair) => pair.learner === one && pair.other === two);
  const pair = find(learner, other) || find(other, learner); // each pair is stored once
  if (!pair) return small("n/a");
  const [mean, low, high] = pair.difference;
  const bounds = pair.learner === learner ? [mean, low, high] : [-mean, -high, -low];
  const significant = pair.p_value !== null && pair.p_value < 0.05;
  const digits = Math.abs(mean) < 0.01 ? 3 : 2;
  const [meanText, lowText, highText] = bounds.map((value) => formatFixed(value, digits));
  const title = `${pair.seeds} seeds, p = ${formatNumber(pair.p_value, 2)}${pair.too_few ? " (too few seeds)" : ""}`;
  return el("td", { class: divergingColour(bounds) || null, title },
    `${bounds[0] > 0 ? "+" : ""}${meanText}${significant ? " ★" : ""}`,
    el("span", { class: "small" }, `[${lowText}, ${highText}]`));
}
