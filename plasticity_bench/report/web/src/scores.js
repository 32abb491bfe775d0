/**
 * @file Sections of scores: the matrix of learners and streams, and scatter plots.
 */

import { scatterChart } from "./charts.js";
import { figureGrid, legend, select } from "./controls.js";
import { REPORT, SCORES, STREAMS, formatFixed, isMissing } from "./data.js";
import { el } from "./dom.js";
import { learnerButton, ofLearner } from "./encoding.js";
import { isSelected, onPin, onSelection } from "./learners.js";
import { intervalCell, sortableTable } from "./tables.js";

/** What the matrix can show: [key of a row of scores, label, explanation, cell(value)]. */
const SHOWN = [
  ["trainability", SCORES.trainability, "accuracy on the last tasks: chance is 0, a fresh, tuned network 1", intervalCell],
  ["retained_plasticity", SCORES.retained_plasticity, "accuracy on the last tasks: chance is 0, the learner’s own fresh copy 1", intervalCell],
  ["curvature_retention", SCORES.curvature_retention, "curvature rank on the last tasks: a dead network is 0, the learner’s own fresh copy 1", intervalCell],
  ["accuracy", "accuracy", "mean end-of-task accuracy over the scored tasks; of regression, R squared", (value) => formatFixed(value, 3)],
  ["curvature", "curvature rank", "mean curvature rank over the scored tasks", (value) => formatFixed(value, 1)],
  ["seeds", "seeds", "finished seeds that the reference has too", (value) => String(value.length)],
  ["diverged", "diverged seeds", "seeds whose loss was no longer finite; each scores 0", String],
  ["seconds", "seconds per seed", "mean wall time of a seed", (value) => formatFixed(value, 2)],
];

/** Returns a cell's number to sort by. */
const sortValue = (value) => (Array.isArray(value) ? (typeof value[0] === "number" && value.length === 3 ? value[0] : value.length) : value);

/** Returns the section of the matrix of scores, as a list of elements. */
export function scoreSection() {
  let [search, key] = ["", "trainability"];
  const rowOf = new Map(REPORT.scores.map((row) => [`${row.learner} ${row.stream}`, row]));
  const score = (learner, stream) => rowOf.get(`${learner} ${stream}`);
  const columns = () => matrixColumns(score, key);
  const caption = el("span", {});
  const table = sortableTable({
    label: "Scores", className: "matrix", caption, columns: columns(),
    rows: REPORT.learners.map((_, index) => index), sort: { column: "", descending: false },
    filter: (learner) => REPORT.learners[learner].toLowerCase().includes(search),
    rowAttributes: ofLearner, values: scoreValues,
  });
  const input = el("input", {
    type: "search", id: "filter", placeholder: "part of a name",
    oninput: () => { search = input.value.toLowerCase(); table.update(); },
  });
  const update = () => {
    caption.textContent = `${SHOWN.find(([name]) => name === key)[2]}. Learners of one rank do not differ significantly in trainability, corrected for all pairs.`;
    table.update(columns());
  };
  update();
  onSelection(update);
  onPin((pinned) => table.element.querySelectorAll(".pin").forEach((button) =>
    button.setAttribute("aria-pressed", String(Number(button.dataset.learner) === pinned))));
  return [
    el("p", {}, "Means over seeds, with 95 % intervals. The pointer on a learner, or a click on its name, isolates it in all tables and figures."),
    el("div", { class: "controls" },
      el("label", {}, "Learner", input),
      select("Score", SHOWN.map(([name, label]) => [name, label]), key, (value) => { key = value; update(); })),
    table.element,
  ];
}

function matrixColumns(score, key) {
  const [, , , format] = SHOWN.find(([name]) => name === key);
  const overall = REPORT.streams.length > 1 ? null : 0; // of one stream, the mean is the stream's
  const highest = Math.max(1e-9, ...REPORT.scores.map((row) => Math.abs(sortValue(row[key] ?? 0))));
  const numeric = (name, title, stream, className) => ({
    name, title, className, numeric: true,
    value: (learner) => sortValue(score(learner, stream)?.[key]) ?? null,
    cell: (learner) => (isMissing(score(learner, stream)?.[key]) ? "n/a" : format(score(learner, stream)[key])),
    look: (learner, cell) => {
      const value = sortValue(score(learner, stream)?.[key]);
      const share = Math.max(0, Math.min(1, (value ?? 0) / (key in SCORES ? 1 : highest)));
      cell.style.setProperty("--strength", (0.36 * share).toFixed(3));
    },
  });
  const rank = (learner) => score(learner, overall)?.rank;
  return [
    { name: "learner", title: "sort by name", value: (learner) => REPORT.learners[learner], cell: learnerButton },
    {
      name: "rank", title: "by mean trainability, with the 95 % interval of the position", numeric: true, lowestFirst: true,
      value: (learner) => rank(learner)?.[0] ?? null,
      cell: (learner) => (rank(learner) ? [String(rank(learner)[0]), el("span", { class: "ends" }, `[${rank(learner)[1]}, ${rank(learner)[2]}]`)] : "–"),
    },
    ...(overall === null ? [numeric("mean over streams", "of the seeds that are finished on all streams", null, "heat")] : []),
    ...STREAMS.map((stream) => numeric(REPORT.streams[stream], "sort by this stream", stream, "heat")),
  ];
}

/** Returns every number of the scores, a row for each learner on each stream. */
function scoreValues() {
  const scores = Object.keys(SCORES);
  return {
    headers: ["learner", "stream", "rank", "rank_low", "rank_high", ...scores.flatMap((name) => [name, `${name}_low`, `${name}_high`]), "accuracy", "curvature_rank", "seeds", "diverged", "seconds"],
    rows: REPORT.scores.map((row) => [
      REPORT.learners[row.learner], row.stream === null ? "mean over streams" : REPORT.streams[row.stream],
      ...(row.rank || [null, null, null]), ...scores.flatMap((name) => row[name] || [null, null, null]),
      row.accuracy, row.curvature, row.seeds.length, row.diverged, row.seconds,
    ]),
  };
}

/** Returns the section of trainability against another score, as a list of elements. */
export function scatterSection() {
  let against = "curvature_retention";
  const figures = figureGrid(() => STREAMS.map((stream) => {
    const points = REPORT.scores.filter((row) => row.stream === stream && row[against] && row.trainability).map((row) => ({
      learner: row.learner, x: row[against], y: row.trainability,
      seeds: against === "curvature_retention" ? row.points : [],
    }));
    const title = REPORT.streams[stream];
    return points.length ? scatterChart({ title, points, labels: { x: SCORES[against], y: SCORES.trainability } })
      : el("p", { class: "quiet" }, `${title}: no learner has a fresh copy of its own to be compared with.`);
  }));
  const hidden = REPORT.learners.length - REPORT.learners.filter((_, index) => isSelected(index)).length;
  return [
    el("p", {}, `If plasticity goes with curvature, learners that keep the directions of curvature of their own fresh copies are more trainable. Strong marks are means with 95 % intervals, light marks single seeds${hidden ? "; grey points are the means of the other learners" : ""}.`),
    el("div", { class: "controls" }, select("Against", Object.entries(SCORES).slice(1).reverse(), against, (value) => { against = value; figures.update(); })),
    legend(), figures.element,
  ];
}
