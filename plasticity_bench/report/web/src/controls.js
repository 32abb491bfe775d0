/**
 * @file Controls: the legend, drop-down lists, and grids of figures.
 */

import { REPORT, STREAMS } from "./data.js";
import { el } from "./dom.js";
import { learnerSymbol, ofLearner } from "./encoding.js";
import { changeSelection, isSelected, onSelection, selectDefault, selectedLearners } from "./learners.js";

/** Returns a legend: the learners in colours, which a click makes grey, and a list of the others. */
export function legend() {
  const element = el("div", { class: "legend", role: "group", "aria-label": "Learners in colours" });
  const all = REPORT.learners.map((_, index) => index);
  const button = (attributes, act, ...children) =>
    el("button", { type: "button", ...attributes, onclick: act }, ...children);
  function update() {
    const grey = all.filter((learner) => !isSelected(learner));
    const add = el("select", { "aria-label": "Add a learner", onchange: () => changeSelection((set) => set.add(Number(add.value))) },
      el("option", { value: "" }, `add one of ${grey.length}…`),
      grey.map((learner) => el("option", { value: learner }, REPORT.learners[learner])));
    element.replaceChildren(
      ...selectedLearners().map((learner) => button({ ...ofLearner(learner), title: "make grey" },
        () => changeSelection((set) => set.delete(learner)), learnerSymbol(learner), REPORT.learners[learner], el("span", { "aria-hidden": "true" }, "×"))),
      ...(grey.length ? [add, el("span", { class: "quiet" }, `${grey.length} ${grey.length === 1 ? "other" : "others"} in grey`)] : []),
      button({ class: "plain" }, selectDefault, "default"),
      button({ class: "plain" }, () => changeSelection((set) => all.forEach((learner) => set.add(learner))), "all"));
  }
  onSelection(update);
  update();
  return element;
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
 * them anew. They are drawn anew when other learners are selected, or, if `bySelection`, built.
 */
export function figureGrid(build, { className = "", bySelection = false } = {}) {
  const element = el("div", { class: `panels ${className}` });
  const update = () => element.replaceChildren(...build());
  onSelection(() => (bySelection ? update() : [...element.children].forEach((figure) => figure.redraw?.())));
  update();
  return { element, update };
}
