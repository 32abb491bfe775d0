/* Sections of lines: learning curves, measurements, performance profiles. */

/* Readers do not know curvature by the name of its measurement. */
const titled = (name) => (name.startsWith("fisher_srank99_n") ? `curvature rank (${name})` : name);

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
      title: REPORT.streams[place], visible, labels: { x: "task", y: titled(name) },
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
  const options = REPORT.measurements.map((name, place) => [String(place), titled(name)]);
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
