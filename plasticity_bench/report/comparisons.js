/* Sections of what differs and what explains: tables whose cells are coloured. */

function pairSection() {
  let [score, stream] = ["trainability", REPORT.streams.length > 1 ? "all" : "0"];
  const box = el("div", {});
  function update() {
    const place = stream === "all" ? null : Number(stream);
    const rows = REPORT.pairs.filter((row) => row.stream === place && row.score === score);
    const names = REPORT.learners.map((_, learner) => learner).filter((l) => rows.some((r) => r.learner === l || r.other === l));
    const body = names.map((one) => el("tr", {}, el("th", { scope: "row", class: "stick" }, named(one)),
      names.map((other) => pairCell(rows, one, other))));
    box.replaceChildren(names.length ? plainTable(["", ...names.map((l) => REPORT.learners[l])], body, "Paired differences", "matrix")
      : el("p", { class: "quiet" }, "No two learners share two seeds here."));
  }
  update();
  return [
    el("p", {}, "How much more the learner of the row scores than that of the column, on the seeds that both have: mean and 95 % interval. A star: p < 0.05 by a sign-flip test, corrected by Holm’s rule for all pairs shown."),
    el("p", { class: "key" }, el("span", {}, "blue, +: the row is better"), el("span", {}, "orange, −: the row is worse"), el("span", {}, "no colour: the interval holds 0")),
    el("div", { class: "controls" },
      select("Score", Object.entries(SCORES), score, (value) => { score = value; update(); }),
      select("Stream", streamOptions(REPORT.streams.length > 1 ? "all streams" : null), stream, (value) => { stream = value; update(); })),
    box,
  ];
}
function pairCell(rows, one, other) {
  if (one === other) return el("td", { class: "small" }, "·");
  let row = rows.find((r) => r.learner === one && r.other === other);
  let bounds = row && row.difference;
  if (!row) {
    row = rows.find((r) => r.learner === other && r.other === one);
    bounds = row && [-row.difference[0], -row.difference[2], -row.difference[1]];
  }
  if (!row) return el("td", { class: "small" }, "n/a");
  const sure = row.p_value !== null && row.p_value < 0.05;
  const digits = Math.abs(bounds[0]) < 0.01 ? 3 : 2;
  const sign = bounds[0] > 0 ? "+" : "";
  return el("td", { class: heat(bounds) || null, title: `${row.seeds} seeds, p = ${shown(row.p_value, 2)}` },
    `${sign}${fixed(bounds[0], digits)}${sure ? " ★" : ""}`, el("span", { class: "small" }, `[${fixed(bounds[1], digits)}, ${fixed(bounds[2], digits)}]`));
}

function explanationSection() {
  const column = (name, title, of) => ({
    name, title, number: true, value: (r) => (of(r) ? Math.abs(of(r)[0]) : null), cell: (r) => interval(of(r)), heat: (r) => heat(of(r)),
  });
  const beside = REPORT.streams.length > 1 && REPORT.streams.length <= 8 ? STREAMS : [];
  const columns = [
    { name: "measurement", title: "sort by name", value: (r) => r.name, cell: (r) => el("code", {}, breakable(r.name)) },
    ...[
      column("within runs", "over the tasks of one run; not for the reference", (r) => r.within),
      column("across learners", "over the learners, at the same task", (r) => r.learners),
      column("across streams", "over the streams, for the same learner", (r) => r.streams),
    ].filter((c) => REPORT.explanations.some((r) => c.value(r) !== null)),
    { name: "holds", title: "streams in which it has the commoner sign within runs", number: true, value: (r) => r.holds, cell: (r) => `${r.holds}/${REPORT.streams.length}` },
    ...beside.map((s) => column(`within: ${REPORT.streams[s]}`, "within runs of this stream", (r) => r.within_stream[s])),
  ];
  const table = sortable({ name: "Explanations", caption: "Spearman’s rank correlation with end-of-task accuracy, 95 % intervals over seeds. Columns sort by strength.", columns, rows: REPORT.explanations, sort: { column: "", down: true } });
  return [
    el("p", {}, "Which measurements at a task’s start predict how well it is then learnt? The first task is left out. A correlation is not a cause: what tells explanations apart is where they fail."),
    el("p", { class: "key" }, el("span", {}, "blue, +: more goes with better"), el("span", {}, "orange, −: more goes with worse"), el("span", {}, "no colour: the interval holds 0")),
    table.box,
  ];
}
