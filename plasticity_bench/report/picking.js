/* Controls: which learners, streams and measurements are shown. */

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
