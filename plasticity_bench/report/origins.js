/* Where the numbers come from: cells, settings, streams, machines, commands. */

function cellSection() {
  const kinds = ["complete", "diverged", "failed", "running", "begun", "damaged", "missing"]
    .filter((kind) => kind === "complete" || REPORT.status.some((row) => row.counts[kind]));
  const total = (row) => Object.values(row.counts).reduce((a, b) => a + b, 0);
  const left = (row) => total(row) - row.counts.complete - row.counts.diverged;
  const table = sortable({
    name: "Cells",
    caption: "Cells (one stream × one learner × one seed) by what became of them.",
    columns: [
      { name: "learner", title: "sort by learner", value: (r) => r.learner, cell: (r) => r.learner },
      { name: "stream", title: "sort by stream", value: (r) => r.stream, cell: (r) => r.stream },
      ...kinds.map((kind) => ({ name: kind, title: kind, number: true, value: (r) => r.counts[kind], cell: (r) => String(r.counts[kind] || "") })),
      { name: "of", title: "asked for", number: true, value: total, cell: (r) => String(total(r)) },
      ...(REPORT.status.some((r) => r.error) ? [{ name: "error", title: "of one that failed", value: (r) => r.error || null, cell: (r) => r.error }] : []),
    ],
    rows: REPORT.status, sort: { column: "", down: false },
  });
  const unfinished = REPORT.status.some(left);
  return [
    ...REPORT.told.slice(-1).map((text) => el("p", {}, text)),
    el("details", { open: unfinished }, el("summary", {}, "Every stream and learner"), table.box),
    REPORT.told.length > 1 ? el("ul", {}, REPORT.told.slice(0, -1).map((text) => el("li", {}, text))) : null,
  ];
}

function plainly(value) {
  if (value === null || value === undefined) return "none";
  if (Array.isArray(value)) return value.map(plainly).join(", ");
  if (typeof value === "object") return Object.entries(value).map(([key, own]) => `${key} ${plainly(own)}`).join(", ");
  return String(value);
}
const list = (pairs) => el("dl", {}, pairs.filter(([, value]) => value !== null && value !== "")
  .flatMap(([key, value]) => [el("dt", {}, key), el("dd", {}, value)]));

function settingSection() {
  const rows = REPORT.settings.map((row) => el("tr", {},
    el("th", { scope: "row", class: "stick" }, breakable(REPORT.learners[row.learner])),
    el("td", { class: "wrap" }, row.streams.length === REPORT.streams.length ? "all" : row.streams.map((s) => REPORT.streams[s]).join(", ")),
    el("td", { class: "wrap" }, plainly(row.hyperparameters) || "none"),
    el("td", {}, el("code", {}, row.class_name)),
    el("td", {}, el("code", { title: row.source }, row.source.slice(0, 12)))));
  return [
    plainTable(["learner", "streams", "hyperparameters", "class", "source (sha256)"], rows, "Settings of learners"),
    ...REPORT.about.map((about, place) => el("details", {}, el("summary", {}, `Stream ${REPORT.streams[place]}`), list([
      ["id", about.id], ["parameters", plainly(about.parameters)], ["network", plainly(about.network)],
      ["protocol", plainly(about.protocol)], ["scored tasks", plainly(about.scored_tasks)], ["data and code", about.fingerprint],
    ]))),
  ];
}

function originSection() {
  const seeds = REPORT.seeds;
  const runs = seeds.at(-1) - seeds[0] === seeds.length - 1;
  return [
    el("h3", {}, "Run it again"),
    REPORT.commands.length ? el("pre", { tabindex: 0, "aria-label": "Commands" }, REPORT.commands.join("\n"))
      : el("p", {}, "The results do not tell the command that made them."),
    list([
      ["suite", REPORT.suite], ["suite’s hash", REPORT.suite_hash],
      ["seeds", runs && seeds.length > 2 ? `${seeds[0]} to ${seeds.at(-1)}` : seeds.join(", ")],
      ["reference", REPORT.learners[REPORT.reference]],
      ["computing time", `${fixed(REPORT.seconds / 60, 1)} minutes, all cells together`],
      ["report made", `${REPORT.made_at}, by plasticity-bench ${REPORT.version}`],
    ]),
    el("h3", {}, "Computed by"),
    ...REPORT.machines.map((row) => {
      const { packages, git, ...rest } = row.environment;
      return list([
        ["cells", String(row.cells)], ["versions", plainly(packages)],
        ["git commit", git ? `${git.commit}${git.dirty ? ", with changes" : ""}` : "none"],
        ...Object.entries(rest).filter(([, value]) => plainly(value)).map(([key, value]) => [key, plainly(value)]),
        ["execution", plainly(row.execution)],
      ]);
    }),
  ];
}
