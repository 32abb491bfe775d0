/**
 * @file Sections of provenance: budget, runs, settings, streams, machines and commands.
 */

import { REPORT, formatFixed, formatNumber, formatValue } from "./data.js";
import { breakable, el } from "./dom.js";
import { learnerButton, ofLearner } from "./encoding.js";
import { onSelection } from "./learners.js";
import { sortableTable } from "./tables.js";

const STATUSES = ["complete", "diverged", "failed", "running", "begun", "damaged", "missing"];

/** Returns the section of what learners cost and how long their settings were searched, as a list of elements. */
export function budgetSection() {
  const search = (learner) => REPORT.searches.find((one) => one.learner === REPORT.learners[learner].replace(/ \(tuned\)$/, ""))?.budget;
  const cost = new Map(REPORT.costs.map((row) => [row.learner, row]));
  const seconds = new Map();
  REPORT.scores.filter((row) => row.stream !== null && row.seconds !== null)
    .forEach((row) => seconds.set(row.learner, (seconds.get(row.learner) || 0) + row.seconds * row.seeds.length));
  const number = (name, title, value, format = formatNumber) => ({
    name, title, numeric: true, value: (learner) => value(learner) ?? null,
    cell: (learner) => (value(learner) === undefined || value(learner) === null ? "–" : format(value(learner))),
  });
  const columns = [
    { name: "learner", title: "sort by name", value: (learner) => REPORT.learners[learner], cell: learnerButton },
    number("settings tried", "by the search", (learner) => search(learner)?.settings, String),
    number("updates of the search", "of all settings, seeds and streams", (learner) => search(learner)?.updates, (value) => value.toLocaleString("en")),
    number("FLOPs", "of an update, relative to plain training with Adam", (learner) => cost.get(learner)?.flops),
    number("parameters", "relative to the suite’s network", (learner) => cost.get(learner)?.parameters),
    number("memory", "numbers in the learner’s own memory, relative to its parameters", (learner) => cost.get(learner)?.memory),
    {
      name: "boundaries", title: "whether something happens where a task begins",
      value: (learner) => cost.get(learner)?.boundaries ?? null,
      cell: (learner) => (cost.get(learner)?.boundaries ? "used" : ""),
    },
    number("seconds", "wall time of the scored runs", (learner) => seconds.get(learner), (value) => formatFixed(value, 0)),
  ];
  const table = sortableTable({
    label: "Budget", className: "matrix", columns, rows: REPORT.learners.map((_, index) => index),
    sort: { column: "", descending: false }, rowAttributes: ofLearner,
    caption: "What the search for settings was allowed, and what an update costs. A dash: not recorded.",
  });
  onSelection(() => table.update());
  return [table.element];
}

/** Returns the section of the runs' status, as a list of elements. */
export function runSection() {
  const statuses = STATUSES.filter((status) => status === "complete" || REPORT.status.some((row) => row.counts[status]));
  const total = (row) => Object.values(row.counts).reduce((a, b) => a + b, 0);
  const isUnfinished = (row) => total(row) > row.counts.complete + row.counts.diverged;
  const table = sortableTable({
    label: "Runs", className: "matrix",
    caption: "Runs (one stream × one learner × one seed) by what became of them.",
    columns: [
      { name: "learner", title: "sort by learner", value: (row) => row.learner, cell: (row) => row.learner },
      { name: "stream", title: "sort by stream", value: (row) => row.stream, cell: (row) => row.stream },
      ...statuses.map((status) => ({
        name: status, title: status, numeric: true,
        value: (row) => row.counts[status], cell: (row) => String(row.counts[status] || ""),
      })),
      { name: "of", title: "asked for", numeric: true, value: total, cell: (row) => String(total(row)) },
      ...(REPORT.status.some((row) => row.error)
        ? [{ name: "error", title: "of one that failed", className: "wrap", value: (row) => row.error || null, cell: (row) => row.error }] : []),
    ],
    rows: REPORT.status, sort: { column: "", descending: false },
  });
  return [
    ...REPORT.status_sentences.slice(-1).map((text) => el("p", {}, text)),
    el("details", { open: REPORT.status.some(isUnfinished) }, el("summary", {}, "Every stream and learner"), table.element),
    REPORT.status_sentences.length > 1 ? el("ul", {}, REPORT.status_sentences.slice(0, -1).map((text) => el("li", {}, text))) : null,
  ];
}

/** Returns a list of [term, text], without those that have no text. */
const descriptionList = (pairs) => el("dl", {}, pairs
  .filter(([, text]) => text !== null && text !== "")
  .flatMap(([term, text]) => [el("dt", {}, term), el("dd", {}, text)]));

/** Returns the section of the settings of learners and streams, as a list of elements. */
export function settingSection() {
  const streamNames = ({ streams }) =>
    (streams.length === REPORT.streams.length ? "all" : streams.map((stream) => REPORT.streams[stream]).join(", "));
  const table = sortableTable({
    label: "Settings of learners", className: "stacked", rows: REPORT.settings, sort: { column: "", descending: false },
    rowAttributes: (row) => ofLearner(row.learner),
    columns: [
      { name: "learner", title: "sort by name", value: (row) => REPORT.learners[row.learner], cell: (row) => learnerButton(row.learner) },
      { name: "streams", title: "sort by streams", className: "wrap", value: streamNames, cell: streamNames },
      {
        name: "hyperparameters", title: "sort by hyperparameters", className: "wrap",
        value: (row) => formatValue(row.hyperparameters), cell: (row) => formatValue(row.hyperparameters) || "none",
      },
      { name: "class", title: "sort by class", value: (row) => row.class_name, cell: (row) => el("code", {}, breakable(row.class_name)) },
      { name: "source (sha256)", title: "sort by source", value: (row) => row.source, cell: (row) => el("code", { title: row.source }, row.source.slice(0, 12)) },
    ],
  });
  onSelection(() => table.update());
  return [
    table.element,
    ...REPORT.about.map((about, stream) => el("details", {},
      el("summary", {}, `Stream ${REPORT.streams[stream]}: network, protocol and data`),
      descriptionList([
        ["id", about.id], ["parameters", formatValue(about.parameters)], ["network", formatValue(about.network)],
        ["protocol", formatValue(about.protocol)], ["scored tasks", formatValue(about.scored_tasks)],
        ["data and code", about.fingerprint],
      ]))),
  ];
}

/** Returns the section of commands, seeds and machines, as a list of elements. */
export function provenanceSection() {
  const { seeds } = REPORT;
  const isRange = seeds.length > 2 && seeds.at(-1) - seeds[0] === seeds.length - 1;
  return [
    el("h3", {}, "Run it again"),
    REPORT.commands.length ? el("pre", { tabindex: 0, "aria-label": "Commands" }, REPORT.commands.join("\n"))
      : el("p", {}, "The results do not record the command that made them."),
    descriptionList([
      ["suite", REPORT.suite], ["suite’s hash", REPORT.suite_hash],
      ["seeds", isRange ? `${seeds[0]} to ${seeds.at(-1)}` : seeds.join(", ")],
      ["reference", REPORT.learners[REPORT.reference]],
      ["computing time", `${formatFixed(REPORT.seconds / 60, 1)} minutes, all runs together`],
      ["report made", `${REPORT.made_at}, by plasticity-bench ${REPORT.version}`],
    ]),
    el("h3", {}, "Computed by"),
    ...REPORT.machines.map(machineList),
  ];
}

function machineList({ runs, environment, execution }) {
  const { packages, git, ...others } = environment;
  return descriptionList([
    ["runs", String(runs)], ["versions", formatValue(packages)],
    ["git commit", git ? `${git.commit}${git.dirty ? ", with changes" : ""}` : "none"],
    ...Object.entries(others).map(([key, value]) => [key, formatValue(value)]),
    ["execution", formatValue(execution)],
  ]);
}
