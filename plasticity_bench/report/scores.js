/* Scores: the table, and trainability against curvature retention. */

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
  const rank = (r) => (r.rank ? `${r.rank[0]} [${r.rank[1]}, ${r.rank[2]}]` : "–");
  const table = sortable({
    name: "Scores",
    caption: "Means over seeds with 95 % intervals; a score of 1 is as good as a fresh network. Learners that cannot be told apart from the first of their group share its rank; the reference has none, nor has a learner that lacks seeds.",
    columns: [
      { name: "learner", title: "sort by learner", value: (r) => REPORT.learners[r.learner], cell: (r) => named(r.learner), under: name },
      { name: "stream", title: "sort by stream", value: name, cell: name },
      { name: "rank", title: "by mean trainability on the stream or on all, with the 95 % interval of the place", number: true, up: true, value: (r) => (r.rank ? r.rank[0] : null), cell: rank },
      score("trainability", "accuracy on the last tasks between chance (0) and a fresh network (1)"),
      score("retention", "directions of curvature on the last tasks, of a fresh network's"),
      plain("accuracy", "mean end-of-task accuracy over the scored tasks; of regression, R squared", (v) => fixed(v, 3), "accuracy"),
      plain("curvature", "mean curvature rank over the scored tasks", (v) => fixed(v, 1), "curvature rank"),
      { name: "seeds", title: "finished seeds that the reference has too", number: true, value: (r) => r.seeds.length, cell: (r) => String(r.seeds.length) },
      ...(REPORT.scores.some((r) => r.diverged) ? [plain("diverged", "seeds whose loss was no longer finite; each scores 0", String)] : []),
      plain("seconds", "mean wall time of a seed", (v) => fixed(v, 2), "seconds per\u00a0seed"),
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
