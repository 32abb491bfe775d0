/* How scores depend on settings, from the records of searches. */

const TUNED_FOR = { ...SCORES, attained: "attained accuracy" };
const KINDS = [["k1", 0, 3.2, "tried"], ["k1", 5, 3.2, "tried, with diverged members"], ["k2", 1, 4.5, "chosen"]];
const kindOf = (tried) => KINDS[tried.chosen ? 2 : tried.diverged ? 1 : 0];
const dot = ([colour, shape, size], x, y) =>
  svg("path", { d: MARKERS[shape](size), transform: `translate(${x} ${y})`, class: `${colour} ${shape === 5 ? "open" : "mark"}` });

function searchSection() {
  let [learner, name] = ["all", "all"];
  const every = REPORT.searches.flatMap((search) => Object.keys(search.tried[0]?.setting || {}).map((own) => [search, own]));
  const choices = (all, names) => [["all", all], ...[...new Set(names)].map((text) => [text, text])];
  const figures = panels(() => every
    .filter(([search, own]) => (learner === "all" || search.learner === learner) && (name === "all" || own === name))
    .map(([search, own]) => searchChart(search, own)));
  figures.box.classList.add("small-panels");
  figures.update();
  const there = KINDS.filter((kind) => REPORT.searches.some((search) => search.tried.some((t) => kindOf(t) === kind)));
  const lacking = REPORT.searches.filter((search) => search.unfinished)
    .map((search) => `${search.learner}: ${search.unfinished} more, of which some seeds have no result`);
  const numbers = [...new Set(REPORT.searches.map((search) => search.seeds))].sort((a, b) => a - b).join(" or ");
  return [
    el("p", {}, `Every setting that was tried for the whole length: means with 95 % intervals over the ${numbers} seeds of the search, which are not scored otherwise. Settings with the same value of one hyperparameter differ in others.`),
    lacking.length ? el("p", { class: "quiet" }, `${lacking.join("; ")}.`) : null,
    REPORT.searches.some((search) => search.score === "attained")
      ? el("p", { class: "quiet" }, "Of the reference: accuracy between chance (0) and 1, for its score against itself is always 1.") : null,
    el("div", { class: "controls" },
      select("Learner", choices("every learner", every.map(([search]) => search.learner)), learner, (value) => { learner = value; figures.update(); }),
      select("Hyperparameter", choices("every hyperparameter", every.map(([, own]) => own)), name, (value) => { name = value; figures.update(); })),
    el("p", { class: "key" }, there.map((kind) => el("span", { class: "name" }, svg("svg", { width: 12, height: 12, "aria-hidden": "true" }, dot(kind, 6, 6)), kind[3]))),
    figures.box,
  ];
}

/* Places of a hyperparameter's values on its axis, with the axis's ends and ticks. */
function scaleOf(search, name) {
  const values = [...new Set(search.tried.map((t) => t.setting[name]))].sort((a, b) => (a < b ? -1 : 1));
  const kind = search.scales[name];
  const at = (v) => (kind === "log" ? Math.log10(v) : kind === "choice" ? values.indexOf(v) : Number(v));
  const places = values.map(at);
  const room = (Math.max(...places) - Math.min(...places)) * 0.08 || 0.5;
  const ends = [Math.min(...places) - room, Math.max(...places) + room];
  const named = { log: (wanted) => logTicks(...ends, wanted), choice: () => values.map((v, place) => [place, settingText(v)]) };
  return { at, ends, ticks: named[kind] };
}
const settingText = (v) => (typeof v === "number" ? shown(v) : String(v));

function searchChart(search, name) {
  const [scale, label] = [scaleOf(search, name), TUNED_FOR[search.score]];
  const x = (t) => scale.at(t.setting[name]);
  const byPlace = [...search.tried].sort((a, b) => x(a) - x(b));
  const lowest = Math.min(0, ...search.tried.map((t) => (t.interval ? t.interval[0] : t.score)));
  const highest = Math.max(1, ...search.tried.map((t) => (t.interval ? t.interval[1] : t.score)));
  const numbers = () => ({
    headers: [name, label, "low", "high", "diverged", "chosen"],
    rows: byPlace.map((t) => [settingText(t.setting[name]), fixed(t.score, 3), fixed(t.interval?.[0], 3), fixed(t.interval?.[1], 3), String(t.diverged), t.chosen ? "yes" : ""]),
  });
  function draw(width) {
    const box = plane(width, 220, { x: scale.ends, y: [lowest - 0.03, highest + 0.03] }, { x: name, y: label }, scale.ticks);
    if (Object.keys(byPlace[0].setting).length === 1) {
      const line = byPlace.map((t) => `${box.x(x(t)).toFixed(1)},${box.y(t.score).toFixed(1)}`).join(" ");
      box.root.append(svg("polyline", { points: line, class: "k1 stroke light" }));
    }
    for (const t of [...byPlace].sort((a, b) => a.chosen - b.chosen)) {
      const [low, high] = t.interval || [t.score, t.score];
      box.root.append(svg("line", { class: `${kindOf(t)[0]} stroke`, "stroke-width": 1.5, x1: box.x(x(t)), x2: box.x(x(t)), y1: box.y(low), y2: box.y(high) }),
        dot(kindOf(t), box.x(x(t)), box.y(t.score)));
    }
    const stops = byPlace.map((t) => ({
      x: box.x(x(t)), y: box.y(t.score),
      head: `${label} ${fixed(t.score)}${t.interval ? ` [${fixed(t.interval[0])}, ${fixed(t.interval[1])}]` : ""}${t.chosen ? ", chosen" : ""}`,
      lines: [...Object.entries(t.setting).map(([key, value]) => [null, `${key} ${settingText(value)}`]),
        ...(t.diverged ? [[null, `${t.diverged} diverged`]] : [])],
    }));
    const best = byPlace.filter((t) => t.chosen).map((t) => `${settingText(t.setting[name])} with ${fixed(t.score)}`);
    return { ...box, stops, mark: ring, flat: false, alt: `${label} of ${byPlace.length} settings over ${name}. Chosen: ${best.join(", ") || "none"}.` };
  }
  return chart(`${search.learner}: ${name}`, draw, numbers);
}
