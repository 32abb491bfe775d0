/**
 * @file Sections of measurements over tasks: learning curves, all others, and what explains the curves.
 */

import { lineChart, paddedDomain } from "./charts.js";
import { figureGrid, legend, select, streamOptions } from "./controls.js";
import { REPORT, STREAMS } from "./data.js";
import { breakable, el } from "./dom.js";
import { colourKey, signClass } from "./encoding.js";
import { isSelected } from "./learners.js";
import { intervalCell, sortableTable } from "./tables.js";

/** Returns the label of a measurement: that of curvature is not known by its name. */
const measurementLabel = (name) => (name.startsWith("fisher_srank99_n") ? `curvature rank (${name})` : name);

const initialStream = () => (REPORT.streams.length > 6 ? "0" : "all");

/**
 * Returns the charts of one measurement, with one scale for each kind of measurement: a panel for
 * each stream, or, if one stream is chosen and `perLearner`, for each learner with the reference.
 * `measurementOf(stream)` is the index of the measurement.
 */
function measurementCharts(measurementOf, selected, perLearner) {
  const streams = selected === "all" ? STREAMS : [Number(selected)];
  const rows = REPORT.curves.filter((row) => streams.includes(row.stream) && row.measurement === measurementOf(row.stream));
  const domain = (measurement) =>
    paddedDomain(rows.filter((row) => row.measurement === measurement).flatMap((row) => [...row.low, ...row.high]));
  const chart = (title, own) => lineChart({
    title, labels: { x: "task", y: measurementLabel(REPORT.measurements[own[0].measurement]) },
    series: own.map(({ learner, tasks, mean, low, high }) => ({ learner, x: tasks, mean, low, high, strong: perLearner })),
    yDomain: domain(own[0].measurement), heading: (task) => `task ${task}`, integers: true,
  });
  const ofStream = streams.map((stream) => [stream, rows.filter((row) => row.stream === stream)]).filter(([, own]) => own.length);
  if (!ofStream.length) return [el("p", { class: "quiet" }, "Nothing was measured here.")];
  if (!perLearner) return ofStream.map(([stream, own]) => chart(REPORT.streams[stream], own));
  return ofStream.flatMap(([stream, own]) => own
    .filter((row) => row.learner !== REPORT.reference)
    .sort((a, b) => isSelected(b.learner) - isSelected(a.learner) || a.learner - b.learner)
    .map((row) => chart(`${REPORT.learners[row.learner]} on ${REPORT.streams[stream]}`,
      own.filter((other) => [row.learner, REPORT.reference].includes(other.learner)))));
}

/** Returns the controls and the figures of curves; `extra(update)` returns further controls. */
function curveFigures(measurementOf, extra = () => []) {
  let [stream, panels] = [initialStream(), "stream"];
  const figures = figureGrid(() => measurementCharts(measurementOf, stream, panels === "learner"));
  const update = () => {
    figures.element.classList.toggle("small-panels", panels === "learner");
    figures.update();
  };
  return [
    el("div", { class: "controls" }, ...extra(update),
      select("Stream", streamOptions("every stream"), stream, (value) => { stream = value; update(); }),
      select("Panels", [["stream", "one for each stream"], ["learner", "one for each learner"]], panels, (value) => { panels = value; update(); })),
    legend(), figures.element,
  ];
}

/** Returns the section of learning curves, as a list of elements. */
export const curveSection = () => [
  el("p", {}, "How well each task was learnt by its end. Bands are 95 % intervals over seeds, of those that did not diverge."),
  ...curveFigures((stream) => REPORT.about[stream].attainment),
];

/** Returns the section of all measurements, as a list of elements. */
export function measurementSection() {
  let measurement = String(REPORT.about[0].curvature);
  const options = REPORT.measurements.map((name, index) => [String(index), measurementLabel(name)]);
  return [
    el("p", {}, "The network at each task’s start; what is measured at a task’s end too is shown as it was then."),
    ...curveFigures(() => Number(measurement), (update) =>
      [select("Measurement", options, measurement, (value) => { measurement = value; update(); })]),
  ];
}

/** Returns the section of rank correlations between measurements and accuracy, as a list of elements. */
export function explanationSection() {
  const correlation = (name, title, bounds, className = "") => ({
    name, title, className: `heat ${className}`, numeric: true, value: (row) => (bounds(row) ? Math.abs(bounds(row)[0]) : null),
    cell: (row) => intervalCell(bounds(row)),
    look: (row, cell) => {
      if (!signClass(bounds(row))) return;
      cell.classList.add(signClass(bounds(row)));
      cell.style.setProperty("--strength", (0.05 + 0.3 * Math.abs(bounds(row)[0])).toFixed(3));
    },
  });
  const correlations = [
    correlation("within runs", "over the tasks of one run; not for the reference", (row) => row.within),
    correlation("across learners", "over the learners, at the same task", (row) => row.learners),
    correlation("across streams", "over the streams, for the same learner", (row) => row.streams),
  ];
  const singleStreams = REPORT.streams.length > 1 && REPORT.streams.length <= 8 ? STREAMS : [];
  const columns = [
    { name: "measurement", title: "sort by name", value: (row) => row.name, cell: (row) => el("code", {}, breakable(row.name)) },
    ...correlations.filter((column) => REPORT.explanations.some((row) => column.value(row) !== null)),
    {
      name: "holds", title: "streams in which it has the commoner sign within runs", numeric: true,
      value: (row) => row.holds, cell: (row) => `${row.holds}/${REPORT.streams.length}`,
    },
    ...singleStreams.map((stream) =>
      correlation(`within: ${REPORT.streams[stream]}`, "within runs of this stream", (row) => row.within_stream[stream], "spare")),
  ];
  const table = sortableTable({
    label: "Explanations", className: "matrix tight",
    caption: "Spearman’s rank correlation with end-of-task accuracy, 95 % intervals over seeds. Columns sort by strength.",
    columns, rows: REPORT.explanations, sort: { column: "", descending: true }, values: explanationValues,
  });
  return [
    el("p", {}, "Which measurements at a task’s start predict how well it is then learnt? The first task is left out. A correlation is not a cause: explanations differ in where they fail."),
    colourKey("more goes with better", "more goes with worse"),
    table.element,
  ];
}

/** Returns every number of the explanations, with its sign. */
function explanationValues() {
  const kinds = [
    ["within", (row) => row.within], ["learners", (row) => row.learners], ["streams", (row) => row.streams],
    ...STREAMS.map((stream) => [`within ${REPORT.streams[stream]}`, (row) => row.within_stream[stream]]),
    ...STREAMS.map((stream) => [`learners on ${REPORT.streams[stream]}`, (row) => row.learners_in_stream[stream]]),
  ];
  return {
    headers: ["measurement", ...kinds.flatMap(([name]) => [name, `${name} low`, `${name} high`]), "holds"],
    rows: REPORT.explanations.map((row) => [row.name, ...kinds.flatMap(([, bounds]) => bounds(row) || [null, null, null]), row.holds]),
  };
}
