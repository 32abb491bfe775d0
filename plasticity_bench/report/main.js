/* The page: its sections in order, and the theme. */

const SECTIONS = [
  ["scores", "Scores", scoreSection, true],
  ["scatter", "Trainability and curvature", scatterSection, true],
  ["curves", "Learning curves", curveSection, REPORT.curves.length],
  ["measurements", "Measurements", measurementSection, REPORT.curves.length],
  ["profiles", "Performance profiles", profileSection, REPORT.profiles.length],
  ["differences", "Paired differences", pairSection, REPORT.pairs.length],
  ["explanations", "Explanations", explanationSection, REPORT.explanations.length],
  ["sensitivity", "Sensitivity", searchSection, REPORT.searches.some((search) => search.tried.length)],
  ["cells", "Cells", cellSection, true],
  ["settings", "Settings", settingSection, true],
  ["provenance", "Provenance", originSection, true],
];

function theme() {
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  try {
    chosen = localStorage.getItem("plasticity-bench-theme");
  } catch { /* a file's page may have no storage */ }
  function apply() {
    const dark = chosen ? chosen === "dark" : system.matches;
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    button.setAttribute("aria-pressed", String(dark));
  }
  button.addEventListener("click", () => {
    chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem("plasticity-bench-theme", chosen);
    } catch { /* it then holds for this visit */ }
    apply();
  });
  system.addEventListener("change", apply);
  apply();
}

function start() {
  theme();
  const plural = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;
  document.getElementById("title").textContent = REPORT.suite;
  document.getElementById("subtitle").textContent = [
    plural(REPORT.streams.length, "stream"), plural(REPORT.learners.length, "learner"), plural(REPORT.seeds.length, "seed"),
    `scores relative to ${REPORT.learners[REPORT.reference]}`,
  ].join(" · ");
  document.getElementById("notices").append(...REPORT.notices.map((text) => el("p", { class: "notice", role: "note" }, text)));
  const main = document.getElementById("main");
  for (const [id, title, build, wanted] of SECTIONS) {
    if (!wanted) continue;
    document.getElementById("contents").append(el("li", {}, el("a", { href: `#${id}` }, title)));
    main.append(el("section", { id, "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, title), ...build().filter(Boolean)));
  }
  document.getElementById("footer").textContent = "Made by plasticity-bench. Definitions: docs/scores.md, docs/curvature.md and docs/explanations.md.";
}

start();
