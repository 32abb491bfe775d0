/**
 * @file Which learners are in colours, and which one is isolated: the same in all tables and figures.
 *
 * Elements of a learner have the classes `of-learner` and `l` with its index; isolating one is a
 * single rule of style, which fades all others, so nothing is drawn anew.
 */

import { REPORT } from "./data.js";

const selected = new Set();
const selectionListeners = [];
const isolationListeners = [];
let [hovered, pinned] = [null, null];
let ruleIndex = null;

/** Selects the learners that figures of papers have in colours too. */
export function selectDefault() {
  selected.clear();
  REPORT.selected.forEach((learner) => selected.add(learner));
  selectionListeners.forEach((listener) => listener());
}

/** Changes the selection by `change(set)`, and tells all listeners. */
export function changeSelection(change) {
  change(selected);
  selectionListeners.forEach((listener) => listener());
}

/** Returns whether a learner is in colours; the others are grey. */
export const isSelected = (learner) => selected.has(learner);

/** Returns all learners that are in colours, in the order of their looks. */
export const selectedLearners = () => [...selected].sort((a, b) => REPORT.looks[a] - REPORT.looks[b]);

/** Calls `listener()` when other learners are selected. */
export const onSelection = (listener) => selectionListeners.push(listener);

/** Calls `listener(pinned learner or null)` when a learner is pinned or let go. */
export const onPin = (listener) => isolationListeners.push(listener);

/** Returns the CSS classes of a learner's elements. */
export const learnerClass = (learner) => `of-learner l${learner}${isSelected(learner) ? "" : " grey"}`;

/** Isolates a learner while the pointer is on it; null lets it go. */
export function hover(learner) {
  if (learner === hovered) return;
  hovered = learner;
  applyIsolation();
}

/** Isolates a learner until it is pinned again, or null is. */
export function pin(learner) {
  pinned = learner === pinned ? null : learner;
  applyIsolation();
  isolationListeners.forEach((listener) => listener(pinned));
}

/** Returns the learner that is isolated, or null. */
export const isolated = () => hovered ?? pinned;

function applyIsolation() {
  const [learner, root, sheet] = [isolated(), document.documentElement, document.styleSheets[0]];
  if (ruleIndex !== null) sheet.deleteRule(ruleIndex);
  ruleIndex = null;
  root.classList.toggle("isolating", learner !== null);
  if (learner === null) return;
  const grey = `.isolating g.grey.l${learner}`; // what is isolated is dark, though it is not selected
  ruleIndex = sheet.insertRule(`@media all {
    .isolating .of-learner:not(.l${learner}) { opacity: .12; }
    ${grey}[stroke] { stroke: var(--text); stroke-width: 1.8px; }
    ${grey}[fill]:not([fill="none"]) { fill: var(--text); }
  }`, sheet.cssRules.length);
}

/** Listens to the pointer on everything that has the attribute data-learner, and to Escape. */
export function listenToPage() {
  const learnerAt = (event) => {
    const owner = event.target.closest?.("[data-learner]");
    return owner ? Number(owner.dataset.learner) : null;
  };
  document.addEventListener("pointerover", (event) => {
    if (!event.target.closest?.(".stage")) hover(learnerAt(event)); // charts look for the nearest point
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button.pin");
    if (button) pin(Number(button.dataset.learner));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && pinned !== null) pin(null);
  });
}
