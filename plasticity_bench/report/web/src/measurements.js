/**
 * @file Sections of measurements over tasks: learning curves, all others, and what explains the curves.
 */

import { paddedDomain } from "./axes.js";
import { lineChart } from "./charts.js";
import { figureGrid, legend, select, streamOptions } from "./controls.js";
import { REPORT, STREAMS, formatInterval } from "./data.js";
import { breakable, el } from "./dom.js";
import { colourKey, divergingColour } from "./encoding.js";
import { sortableTable } from "./tables.js";

/** Returns the label of a measurement: that of curvature is not known by its name. */
const measurementLabel = (name) => (name.startsWith("fisher_srank99_n") ? `curvature rank (${name})` : name);

const initialStream = () => (REPORT.streams.length > 6 ? "0" : "all");

/**
 * Returns the charts of one measurement on one stream or on all, with the same y axis.
 * `measurementOf(stream)` is the index of the measurement.
 */
function measurementCharts(measurementOf, selected) {
  const streams = selected === "all" ? STREAMS : [Number(selected)];
  const rows = REPORT.curves.filter((row) => streams.includes(row.stream) && row.measurement === measurementOf(row.stream));
  const domain = (measurement) =>
    paddedDomain(rows.filter((row) => row.measurement === measurement).flatMap((row) => [...row.low, ...row.high]));
  const charts = streams.map((stream) => {
    const own = rows.filter((row) => row.stream === stream);
    if (!own.length) return null;
    const { measurement } = own[0];
    return lineChart({
      title: REPORT.streams[stream], labels: { x: "task", y: measurementLabel(REPORT.measurements[measurement]) },
      series: own.map(({ learner, tasks, mean, low, high }) => ({ learner, x: tasks, mean, low, high })),
      domain: { y: domain(measurement) }, heading: (task) => `task ${task}`,
    });
  }).filter(Boolean);
  return charts.length ? charts : [el("p", { class: "quiet" }, "Nothing was measured here.")];
}

/** Returns the section of learning curves, as a list of elements. */
export function curveSection() {
  let stream = initialStream();
  const figures = figureGrid(() => measurementCharts((index) => REPORT.about[index].attainment, stream));
  return [
    el("p", {}, "How well each task was learnt by its end. Bands are 95 % intervals over seeds, of those that did not diverge."),
    el("div", { class: "controls" }, select("Stream", streamOptions("every stream"), stream, (value) => { stream = value; figures.update(); })),
    legend(), figures.element,
  ];
}

/** Returns the section of all measurements, as a list of elements. */
export function measurementSection() {
  let [stream, measurement] = [initialStream(), String(REPORT.about[0].curvature)];
  const figures = figureGrid(() => measurementCharts(() => Number(measurement), stream));
  const options = REPORT.measurements.map((name, index) => [String(index), measurementLabel(name)]);
  return [
    el("p", {}, "The network at each task’s start; what is measured at a task’s end too is shown as it was then."),
    el("div", { class: "controls" },
      select("Measurement", options, measurement, (value) => { measurement = value; figures.update(); }),
      select("Stream", streamOptions("every stream"), stream, (value) => { stream = value; figures.update(); })),
    legend(), figures.element,
  ];
}

/** Returns the section of rank correlations between measurements and accuracy, as a list of elements. */
export function explanationSection() {
  const correlation = (name, title, bounds) => ({
    name, title, numeric: true, value: (row) => (bounds(row) ? Math.abs(bounds(row)[0]) : null),
    cell: (row) => formatInterval(bounds(row)), colour: (row) => divergingColour(bounds(row)),
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
      correlation(`within: ${REPORT.streams[stream]}`, "within runs of this stream", (row) => row.within_stream[stream])),
  ];
  const table = sortableTable({
    label: "Explanations",
    caption: "Spearman’s rank correlation with end-of-task accuracy, 95 % intervals over seeds. Columns sort by strength.",
    columns, rows: REPORT.explanations, sort: { column: "", descending: true },
  });
  return [
    el("p", {}, "Which measurements at a task’s start predict how well it is then learnt? The first task is left out. A correlation is not a cause: explanations differ in where they fail."),
    colourKey("more goes with better", "more goes with worse"),
    table.element,
  ];
}
