/**
 * @file Sections of provenance: runs, settings, streams, machines and commands.
 */

import { REPORT, formatFixed, formatValue } from "./data.js";
import { breakable, el } from "./dom.js";
import { plainTable, sortableTable } from "./tables.js";

const STATUSES = ["complete", "diverged", "failed", "running", "begun", "damaged", "missing"];

/** Returns the section of the runs' status, as a list of elements. */
export function runSection() {
  const statuses = STATUSES.filter((status) => status === "complete" || REPORT.status.some((row) => row.counts[status]));
  const total = (row) => Object.values(row.counts).reduce((a, b) => a + b, 0);
  const isUnfinished = (row) => total(row) > row.counts.complete + row.counts.diverged;
  const table = sortableTable({
    label: "Runs",
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
        ? [{ name: "error", title: "of one that failed", value: (row) => row.error || null, cell: (row) => row.error }] : []),
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
  const rows = REPORT.settings.map((row) => el("tr", {},
    el("th", { scope: "row", class: "stick" }, breakable(REPORT.learners[row.learner])),
    el("td", { class: "wrap" }, streamNames(row)),
    el("td", { class: "wrap" }, formatValue(row.hyperparameters) || "none"),
    el("td", {}, el("code", {}, row.class_name)),
    el("td", {}, el("code", { title: row.source }, row.source.slice(0, 12)))));
  return [
    plainTable(["learner", "streams", "hyperparameters", "class", "source (sha256)"], rows, "Settings of learners"),
    ...REPORT.about.map((about, stream) => el("details", {},
      el("summary", {}, `Stream ${REPORT.streams[stream]}`),
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
