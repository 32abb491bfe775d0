/**
 * @file The page: its header, its sections in order, and its theme.
 */

import { REPORT } from "./data.js";
import { el } from "./dom.js";
import { curveSection, explanationSection, measurementSection } from "./measurements.js";
import { provenanceSection, runSection, settingSection } from "./provenance.js";
import { differenceSection, profileSection, scatterSection, scoreSection } from "./scores.js";
import { sensitivitySection } from "./sensitivity.js";

const THEME_KEY = "plasticity-bench-theme";

/** The id, title, builder and presence of each section. */
const SECTIONS = [
  ["scores", "Scores", scoreSection, true],
  ["scatter", "Trainability and curvature", scatterSection, true],
  ["curves", "Learning curves", curveSection, REPORT.curves.length > 0],
  ["measurements", "Measurements", measurementSection, REPORT.curves.length > 0],
  ["profiles", "Performance profiles", profileSection, REPORT.profiles.length > 0],
  ["differences", "Paired differences", differenceSection, REPORT.pairs.length > 0],
  ["explanations", "Explanations", explanationSection, REPORT.explanations.length > 0],
  ["sensitivity", "Sensitivity", sensitivitySection, REPORT.searches.some((search) => search.tried.length)],
  ["runs", "Runs", runSection, true],
  ["settings", "Settings", settingSection, true],
  ["provenance", "Provenance", provenanceSection, true],
];

/** Applies the theme: the system's, until another is chosen. */
function initTheme() {
  const button = document.getElementById("theme");
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  try {
    chosen = localStorage.getItem(THEME_KEY);
  } catch { /* a page that is opened from a file may have no storage */ }
  function apply() {
    const dark = chosen ? chosen === "dark" : system.matches;
    document.documentElement.dataset.theme = dark ? "dark" : "light";
    button.setAttribute("aria-pressed", String(dark));
  }
  button.addEventListener("click", () => {
    chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem(THEME_KEY, chosen);
    } catch { /* the choice then holds until the page is closed */ }
    apply();
  });
  system.addEventListener("change", apply);
  apply();
}

function renderHeader() {
  const count = (list, noun) => `${list.length} ${noun}${list.length === 1 ? "" : "s"}`;
  document.getElementById("title").textContent = REPORT.suite;
  document.getElementById("subtitle").textContent = [
    count(REPORT.streams, "stream"), count(REPORT.learners, "learner"), count(REPORT.seeds, "seed"),
    `scores relative to ${REPORT.learners[REPORT.reference]}`,
  ].join(" · ");
  document.getElementById("notices").append(...REPORT.notices.map((text) => el("p", { class: "notice", role: "note" }, text)));
}

function renderSections() {
  const [main, contents] = [document.getElementById("main"), document.getElementById("contents")];
  for (const [id, title, build, isPresent] of SECTIONS) {
    if (!isPresent) continue;
    contents.append(el("li", {}, el("a", { href: `#${id}` }, title)));
    main.append(el("section", { id, "aria-labelledby": `${id}-title` },
      el("h2", { id: `${id}-title` }, title), ...build().filter(Boolean)));
  }
}

initTheme();
renderHeader();
renderSections();
document.getElementById("footer").textContent =
  "Made by plasticity-bench. Definitions: docs/scores.md, docs/curvature.md and docs/explanations.md.";
