/**
 * @file The page: its header, its sections in order, and its theme.
 */

import { differenceSection, profileSection } from "./comparisons.js";
import { REPORT, loadReport } from "./data.js";
import { el } from "./dom.js";
import { learnerSymbol } from "./encoding.js";
import { listenToPage, onPin, pin, selectDefault } from "./learners.js";
import { curveSection, explanationSection, measurementSection } from "./measurements.js";
import { budgetSection, provenanceSection, runSection, settingSection } from "./provenance.js";
import { scatterSection, scoreSection } from "./scores.js";
import { sensitivitySection } from "./sensitivity.js";

const LONG_NOTICE = 240;

const THEME_KEY = "plasticity-bench-theme";

/** Returns the id, title, title in the list of sections, builder and presence of each section. */
const sections = () => [
  ["scores", "Scores", "Scores", scoreSection, true],
  ["scatter", "Trainability and curvature", "Scatter", scatterSection, true],
  ["curves", "Learning curves", "Curves", curveSection, REPORT.curves.length > 0],
  ["measurements", "Measurements", "Measurements", measurementSection, REPORT.curves.length > 0],
  ["profiles", "Performance profiles", "Profiles", profileSection, REPORT.profiles.length > 0],
  ["differences", "Paired differences", "Differences", differenceSection, REPORT.pairs.length > 0],
  ["explanations", "Explanations", "Explanations", explanationSection, REPORT.explanations.length > 0],
  ["sensitivity", "Sensitivity", "Sensitivity", sensitivitySection, REPORT.searches.some((search) => search.tried.length)],
  ["budget", "Budget", "Budget", budgetSection, true],
  ["runs", "Runs", "Runs", runSection, true],
  ["settings", "Settings", "Settings", settingSection, true],
  ["provenance", "Provenance", "Provenance", provenanceSection, true],
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
  document.getElementById("notices").append(...REPORT.notices.map(notice));
}

/** A notice; of a long one, such as the origin of many settings, only the beginning is shown. */
function notice(text) {
  if (text.length <= LONG_NOTICE) return el("p", { class: "notice", role: "note" }, text);
  const end = text.lastIndexOf(" ", LONG_NOTICE / 2);
  return el("details", { class: "notice", role: "note" }, el("summary", {}, `${text.slice(0, end)} …`), el("p", {}, text));
}

function renderSections() {
  const [main, contents] = [document.getElementById("main"), document.getElementById("contents")];
  for (const [id, title, short, build, isPresent] of sections()) {
    if (!isPresent) continue;
    contents.append(el("li", {}, el("a", { href: `#${id}` }, short)));
    main.append(el("section", { id, "aria-labelledby": `${id}-title` },
      el("h2", { id: `${id}-title` }, title), ...build().filter(Boolean)));
  }
}

/** Lets the list of sections open and close where there is no room for it. */
function initContents() {
  const [button, list] = [document.getElementById("sections"), document.getElementById("contents")];
  const open = (value) => {
    button.setAttribute("aria-expanded", String(value));
    list.classList.toggle("open", value);
  };
  button.addEventListener("click", () => open(button.getAttribute("aria-expanded") !== "true"));
  list.addEventListener("click", () => open(false));
}

/** Says which learner is isolated by a click, with a button that lets it go. */
function initPinned() {
  const element = document.getElementById("pinned");
  onPin((learner) => element.replaceChildren(...(learner === null ? [] : [
    learnerSymbol(learner), `${REPORT.learners[learner]} is isolated`, el("button", { type: "button", onclick: () => pin(null) }, "Show all"),
  ])));
}

async function main() {
  initTheme();
  if (!("DecompressionStream" in globalThis)) {
    document.getElementById("notices").append(el("p", { class: "notice" },
      "This browser cannot open the report: it needs Chrome 80, Firefox 113, Safari 16.4 or a later version."));
    return;
  }
  await loadReport();
  selectDefault();
  renderHeader();
  renderSections();
  initContents();
  initPinned();
  listenToPage();
  document.getElementById("footer").textContent =
    "Made by plasticity-bench. Definitions: docs/scores.md, docs/curvature.md and docs/explanations.md.";
  document.documentElement.dataset.ready = ""; // for benchmarks and tests, which wait for it
}

main();
