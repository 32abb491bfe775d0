/* How a learner looks: a colour, a marker and, for many learners, a dash. */

const PALETTE = 7; // beside the reference's

const MARKERS = [
  (r) => `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
  (r) => `M${-r} ${-r}H${r}V${r}H${-r}Z`,
  (r) => `M0 ${-1.25 * r}L${1.2 * r} ${r}H${-1.2 * r}Z`,
  (r) => `M0 ${-1.4 * r}L${1.4 * r} 0L0 ${1.4 * r}L${-1.4 * r} 0Z`,
  (r) => `M0 ${1.25 * r}L${1.2 * r} ${-r}H${-1.2 * r}Z`,
  (r) => `M${-r} ${-r}L${r} ${r}M${-r} ${r}L${r} ${-r}`,
  (r) => `M${-1.3 * r} 0H${1.3 * r}M0 ${-1.3 * r}V${1.3 * r}`,
  (r) => `M${-r} ${-0.45 * r}L0 ${-1.3 * r}L${r} ${-0.45 * r}L${0.7 * r} ${r}H${-0.7 * r}Z`,
];
const DASHES = ["", "7 3", "2 3", "8 3 2 3", "12 4"];

function look(learner) {
  const place = REPORT.colours[learner];
  if (place === 0) return { colour: "k0", shape: 0, dash: "5 3" };
  const round = Math.floor((place - 1) / PALETTE);
  return {
    colour: `k${1 + ((place - 1) % PALETTE)}`,
    shape: 1 + ((place - 1 + round) % (MARKERS.length - 1)),
    dash: DASHES[round % DASHES.length],
  };
}
function marker(learner, x, y, size, extra = "") {
  const { colour, shape } = look(learner);
  const kind = shape === 5 || shape === 6 ? "open" : "mark";
  return svg("path", { d: MARKERS[shape](size), transform: `translate(${x} ${y})`, class: `${colour} ${kind} ${extra}` });
}
function swatch(learner, width = 26) {
  const { colour, dash } = look(learner);
  return svg("svg", { width, height: 12, viewBox: `0 0 ${width} 12`, "aria-hidden": "true" },
    svg("line", { x1: 0, x2: width, y1: 6, y2: 6, class: `${colour} stroke`, "stroke-width": 2, "stroke-dasharray": dash }),
    marker(learner, width / 2, 6, 4));
}
const named = (learner) => el("span", { class: "name" }, swatch(learner, 18), el("span", {}, breakable(REPORT.learners[learner])));
