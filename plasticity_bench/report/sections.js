/* The sections of the page, each a function that returns its elements. */

const hiddenLearners = new Set();
const watching = []; // called when other learners are picked
const visible = (learner) => !hiddenLearners.has(learner);
const STREAMS = REPORT.streams.map((_, place) => place);
const SCORES = { trainability: "trainability", retention: "curvature retention" };

function pick(change) {
  change();
  watching.forEach((update) => update());
}
function legend() {
  const order = REPORT.learners.map((_, place) => place);
  const chips = order.map((learner) =>
    el("button", { type: "button", onclick: () => pick(() => hiddenLearners.delete(learner) || hiddenLearners.add(learner)) },
      swatch(learner), REPORT.learners[learner]));
  const all = el("button", { type: "button", class: "plain", onclick: () => pick(() => hiddenLearners.clear()) }, "all");
  const none = el("button", { type: "button", class: "plain", onclick: () => pick(() => order.forEach((l) => hiddenLearners.add(l))) }, "none");
  const update = () => chips.forEach((chip, learner) => chip.setAttribute("aria-pressed", String(visible(learner))));
  watching.push(update);
  update();
  return el("div", { class: "legend", role: "group", "aria-label": "Learners shown" }, chips, all, none);
}
function select(label, options, chosen, onchange) {
  const box = el("select", { onchange: () => onchange(box.value) },
    options.map(([value, text]) => el("option", { value, selected: value === chosen }, text)));
  return el("label", {}, label, box);
}
const streamOptions = (all) => [...(all ? [["all", all]] : []), ...STREAMS.map((s) => [String(s), REPORT.streams[s]])];

/* Panels that are made anew by their controls, and drawn anew when learners are picked. */
function panels(build) {
  const box = el("div", { class: "panels" });
  const update = () => box.replaceChildren(...build());
  watching.push(() => [...box.children].forEach((figure) => figure.redraw && figure.redraw()));
  return { box, update };
}

function scoreSection() {
  let [words, stream] = ["", ""];
  const name = (row) => (row.stream === null ? "mean over streams" : REPORT.streams[row.stream]);
  const keep = (row) =>
    REPORT.learners[row.learner].toLowerCase().includes(words) && (!stream || String(row.stream) === stream);
  const score = (key, title) => ({
    name: SCORES[key], title, number: true, value: (r) => (r[key] ? r[key][0] : null), cell: (r) => withWhisker(r[key]),
  });
  const plain = (key, title, text, label) => ({
    name: label || key, title, number: true, value: (r) => r[key], cell: (r) => text(r[key]),
  });
  const table = sortable({
    caption: "Mean over seeds with 95 % interval; 1 is as good as a fresh network.",
    columns: [
      { name: "learner", title: "sort by learner", value: (r) => REPORT.learners[r.learner], cell: (r) => named(r.learner) },
      { name: "stream", title: "sort by stream", value: name, cell: name },
      score("trainability", "accuracy on the last tasks between chance (0) and a fresh network (1)"),
      score("retention", "directions of curvature on the last tasks, of a fresh network's"),
      plain("accuracy", "mean end-of-task accuracy over the scored tasks; of regression, R squared", (v) => fixed(v, 3), "accuracy"),
      plain("curvature", "mean curvature rank over the scored tasks", (v) => fixed(v, 1), "curvature rank"),
      { name: "seeds", title: "finished seeds that the reference has too", number: true, value: (r) => r.seeds.length, cell: (r) => String(r.seeds.length) },
      ...(REPORT.scores.some((r) => r.diverged) ? [plain("diverged", "seeds whose loss was no longer finite; each scores 0", String)] : []),
      plain("seconds", "mean wall time of a seed", (v) => fixed(v, 2)),
    ],
    rows: REPORT.scores, sort: { column: "", down: false }, shown: keep,
  });
  const filter = el("input", { type: "search", id: "filter", placeholder: "part of a name", oninput: () => { words = filter.value.toLowerCase(); table.update(); } });
  const options = [["", "every stream"], ...(REPORT.streams.length > 1 ? [["null", "mean over streams"]] : []), ...streamOptions()];
  return [
    el("div", { class: "controls" }, el("label", {}, "Learner", filter),
      select("Stream", options, "", (value) => { stream = value; table.update(); })),
    table.box,
  ];
}

function scatterSection() {
  const figures = panels(() => STREAMS.map((stream) => scatterChart({
    title: REPORT.streams[stream], visible, labels: { x: SCORES.retention, y: SCORES.trainability },
    points: REPORT.scores.filter((r) => r.stream === stream)
      .map((r) => ({ learner: r.learner, x: r.retention, y: r.trainability, seeds: r.points })),
  })));
  figures.update();
  return [
    el("p", {}, "If plasticity goes with curvature, learners that keep a fresh network’s directions of curvature keep its trainability: points lie along the diagonal. Strong marks are means with 95 % intervals, light marks single seeds."),
    legend(), figures.box,
  ];
}

/* Curves of one measurement, by stream. */
function curvePanels(measurementOf, stream) {
  const chosen = stream === "all" ? STREAMS : [Number(stream)];
  const rows = REPORT.curves.filter((row) => chosen.includes(row.stream) && row.measurement === measurementOf(row.stream));
  const heights = new Map();
  for (const row of rows) heights.set(row.measurement, [...(heights.get(row.measurement) || []), ...row.low, ...row.high]);
  const found = chosen.map((place) => {
    const own = rows.filter((row) => row.stream === place);
    if (!own.length) return null;
    const name = REPORT.measurements[own[0].measurement];
    return lineChart({
      title: REPORT.streams[place], visible, labels: { x: "task", y: name },
      lines: own.map((r) => ({ learner: r.learner, x: r.tasks, mean: r.mean, low: r.low, high: r.high })),
      domain: { y: extent(heights.get(own[0].measurement)) }, head: (task) => `task ${task}`,
    });
  });
  const there = found.filter(Boolean);
  return there.length ? there : [el("p", { class: "quiet" }, "Nothing was measured here.")];
}
const everyStream = () => (REPORT.streams.length > 6 ? "0" : "all");

function curveSection() {
  let stream = everyStream();
  const figures = panels(() => curvePanels((place) => REPORT.about[place].attainment, stream));
  figures.update();
  return [
    el("p", {}, "How well each task was learnt by its end. Bands are 95 % intervals over seeds, of those that did not diverge."),
    el("div", { class: "controls" }, select("Stream", streamOptions("every stream"), stream, (value) => { stream = value; figures.update(); })),
    legend(), figures.box,
  ];
}

function measurementSection() {
  let [stream, measurement] = [everyStream(), String(REPORT.about[0].curvature)];
  const figures = panels(() => curvePanels(() => Number(measurement), stream));
  figures.update();
  const options = REPORT.measurements.map((name, place) => [String(place), name]);
  return [
    el("p", {}, "The network at each task’s start; what is measured at a task’s end too is shown as it was then."),
    el("div", { class: "controls" },
      select("Measurement", options, measurement, (value) => { measurement = value; figures.update(); }),
      select("Stream", streamOptions("every stream"), stream, (value) => { stream = value; figures.update(); })),
    legend(), figures.box,
  ];
}

function profileSection() {
  let score = "trainability";
  const places = REPORT.streams.length > 1 ? [null, ...STREAMS] : STREAMS;
  const figures = panels(() => places.map((stream) => {
    const own = REPORT.profiles.filter((row) => row.stream === stream && row.score === score);
    return own.length ? lineChart({
      title: stream === null ? "all streams" : REPORT.streams[stream], visible,
      labels: { x: `${SCORES[score]} τ`, y: "share of runs above τ" },
      lines: own.map((r) => ({ learner: r.learner, x: r.thresholds, mean: r.share, low: r.low, high: r.high })),
      domain: { x: [0, 1], y: [0, 1] }, head: (tau) => `τ = ${fixed(tau)}`,
    }) : null;
  }).filter(Boolean));
  figures.update();
  return [
    el("p", {}, "The share of runs (streams × seeds) that score more than τ: a line above another is better at every level. Bands are 95 % intervals over seeds."),
    el("div", { class: "controls" }, select("Score", Object.entries(SCORES), score, (value) => { score = value; figures.update(); })),
    legend(), figures.box,
  ];
}

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
  const sign = bounds[0] > 0 ? "+" : "";
  return el("td", { class: heat(bounds) || null, title: `${row.seeds} seeds, p = ${shown(row.p_value, 2)}` },
    `${sign}${fixed(bounds[0])}${sure ? " ★" : ""}`, el("span", { class: "small" }, `[${fixed(bounds[1])}, ${fixed(bounds[2])}]`));
}

function explanationSection() {
  const column = (name, title, of) => ({
    name, title, number: true, value: (r) => (of(r) ? Math.abs(of(r)[0]) : null), cell: (r) => interval(of(r)), heat: (r) => heat(of(r)),
  });
  const beside = REPORT.streams.length > 1 && REPORT.streams.length <= 8 ? STREAMS : [];
  const columns = [
    { name: "measurement", title: "sort by name", value: (r) => r.name, cell: (r) => el("code", {}, r.name) },
    column("within runs", "over the tasks of one run; not for the reference", (r) => r.within),
    column("across learners", "over the learners, at the same task", (r) => r.learners),
    column("across streams", "over the streams, for the same learner", (r) => r.streams),
    { name: "holds", title: "streams in which it has the commoner sign within runs", number: true, value: (r) => r.holds, cell: (r) => `${r.holds}/${REPORT.streams.length}` },
    ...beside.map((s) => column(`within: ${REPORT.streams[s]}`, "within runs of this stream", (r) => r.within_stream[s])),
  ];
  const table = sortable({ caption: "Spearman’s rank correlation with end-of-task accuracy, 95 % intervals over seeds. Columns sort by strength.", columns, rows: REPORT.explanations, sort: { column: "", down: true } });
  return [
    el("p", {}, "Which measurements at a task’s start predict how well it is then learnt? The first task is left out. A correlation is not a cause: what tells explanations apart is where they fail."),
    el("p", { class: "key" }, el("span", {}, "blue, +: more goes with better"), el("span", {}, "orange, −: more goes with worse"), el("span", {}, "no colour: the interval holds 0")),
    table.box,
  ];
}

function searchSection() {
  return [el("p", {}, "Every setting that was tried for the whole length, with its interval over tuning seeds; squares were chosen."),
    ...REPORT.searches.map((search) => el("div", {}, el("h3", {}, search.learner),
      el("div", { class: "panels" }, Object.keys(search.tried[0]?.setting || {}).map((name) => searchChart(search, name)))))];
}
function searchChart(search, name) {
  const values = [...new Set(search.tried.map((t) => t.setting[name]))].sort((a, b) => (a < b ? -1 : 1));
  const scale = search.scales[name];
  const text = (v) => (typeof v === "number" ? shown(v) : String(v));
  const at = (v) => (scale === "log" ? Math.log10(v) : scale === "choice" ? values.indexOf(v) : Number(v));
  const places = values.map(at);
  const room = (Math.max(...places) - Math.min(...places)) * 0.08 || 0.5;
  const numbers = () => ({
    headers: [name, search.select, "low", "high", "chosen"],
    rows: search.tried.map((t) => [text(t.setting[name]), fixed(t.score, 3), fixed(t.interval?.[0]), fixed(t.interval?.[1]), t.chosen ? "yes" : ""]),
  });
  function draw(width) {
    const label = scale === "log" ? `log₁₀ ${name}` : name;
    const domain = { x: [Math.min(...places) - room, Math.max(...places) + room], y: [-0.03, 1.03] };
    const box = plane(width, 230, domain, { x: label, y: search.select });
    for (const t of [...search.tried].sort((a, b) => a.chosen - b.chosen)) {
      const [x, ends] = [box.x(at(t.setting[name])), t.interval || [t.score, t.score]];
      const kind = t.chosen ? "k2" : "k1";
      box.root.append(svg("line", { class: `${kind} stroke`, x1: x, x2: x, y1: box.y(ends[0]), y2: box.y(ends[1]) }),
        svg("path", { d: MARKERS[t.chosen ? 1 : 0](t.chosen ? 4.5 : 3.2), transform: `translate(${x} ${box.y(t.score)})`, class: `${kind} mark` }));
    }
    const stops = search.tried.map((t) => ({
      x: box.x(at(t.setting[name])), y: box.y(t.score), head: `${search.select} ${fixed(t.score)}${t.chosen ? " (chosen)" : ""}`,
      lines: Object.entries(t.setting).map(([key, value]) => [null, `${key} ${text(value)}`]),
    })).sort((a, b) => a.x - b.x);
    const mark = (stop) => svg("circle", { cx: stop.x, cy: stop.y, r: 9, fill: "none", class: "cursor" });
    const best = search.tried.filter((t) => t.chosen).map((t) => `${text(t.setting[name])} with ${fixed(t.score)}`);
    return { ...box, stops, mark, flat: false, alt: `${search.select} of ${search.tried.length} settings. Chosen: ${best.join(", ") || "none"}.` };
  }
  return chart(`${search.learner}: ${name}`, draw, numbers);
}

function cellSection() {
  const kinds = ["complete", "diverged", "failed", "running", "begun", "damaged", "missing"]
    .filter((kind) => kind === "complete" || REPORT.status.some((row) => row.counts[kind]));
  const total = (row) => Object.values(row.counts).reduce((a, b) => a + b, 0);
  const left = (row) => total(row) - row.counts.complete - row.counts.diverged;
  const table = sortable({
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

/* ---- where it comes from ---- */

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
    el("th", { scope: "row", class: "stick" }, REPORT.learners[row.learner]),
    el("td", {}, row.streams.length === REPORT.streams.length ? "all" : row.streams.map((s) => REPORT.streams[s]).join(", ")),
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
