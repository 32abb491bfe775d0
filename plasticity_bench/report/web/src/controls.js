/**
 * @file Controls, and which learners are visible: the same ones in all figures.
 */

import { REPORT, STREAMS } from "./data.js";
import { el } from "./dom.js";
import { learnerSymbol } from "./encoding.js";

const hiddenLearners = new Set();
const visibilityListeners = [];

/** Returns whether a learner is selected in the legends. */
export const isVisible = (learner) => !hiddenLearners.has(learner);

function changeVisibility(change) {
  change();
  visibilityListeners.forEach((listener) => listener());
}

/** Returns a legend whose entries show and hide learners. */
export function legend() {
  const learners = REPORT.learners.map((_, index) => index);
  const toggle = (learner) => hiddenLearners.delete(learner) || hiddenLearners.add(learner);
  const button = (attributes, change, ...children) =>
    el("button", { type: "button", ...attributes, onclick: () => changeVisibility(change) }, ...children);
  const entries = learners.map((learner) =>
    button({}, () => toggle(learner), learnerSymbol(learner), REPORT.learners[learner]));
  const all = button({ class: "plain" }, () => hiddenLearners.clear(), "all");
  const none = button({ class: "plain" }, () => learners.forEach((learner) => hiddenLearners.add(learner)), "none");
  const update = () =>
    entries.forEach((entry, learner) => entry.setAttribute("aria-pressed", String(isVisible(learner))));
  visibilityListeners.push(update);
  update();
  return el("div", { class: "legend", role: "group", "aria-label": "Learners shown" }, entries, all, none);
}

/** Returns a labelled drop-down list of [value, text]; `onchange` is called with the new value. */
export function select(label, options, selected, onchange) {
  const list = el("select", { onchange: () => onchange(list.value) },
    options.map(([value, text]) => el("option", { value, selected: value === selected }, text)));
  return el("label", {}, label, list);
}

/** Returns the options of a drop-down list of streams; the first, "all", if its text is given. */
export const streamOptions = (allText) => [
  ...(allText ? [["all", allText]] : []),
  ...STREAMS.map((stream) => [String(stream), REPORT.streams[stream]]),
];

/**
 * Returns a grid of the figures that `build()` returns: {element, update()}, where `update` builds
 * them anew. They are drawn anew when other learners become visible.
 */
export function figureGrid(build, className) {
  const element = el("div", { class: className ? `panels ${className}` : "panels" });
  const update = () => element.replaceChildren(...build());
  visibilityListeners.push(() => [...element.children].forEach((figure) => figure.redraw?.()));
  update();
  return { element, update };
}
