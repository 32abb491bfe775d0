/**
 * @file The frame of a chart: title, tooltip, pointer, keyboard, numbers and files.
 */

import { el, svg } from "./dom.js";
import { learnerSymbol } from "./encoding.js";
import { csvButton, figureButtons } from "./files.js";
import { hover, isolated, pin } from "./learners.js";
import { scrollable } from "./tables.js";

const HINT = "Arrow keys read the values, Enter isolates a learner.";
const NEAR = 32; // pixels between the pointer and what it is on

/** Draws figures when they come near the screen: a large report has hundreds. */
const nearScreen = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => {
  target.dispatchEvent(new CustomEvent("near", { detail: isIntersecting }));
}), { rootMargin: "800px" });

/**
 * Returns a figure whose chart is drawn when it is near the screen, with its method `redraw()`.
 *
 * `chart` has:
 *   height(width): of the drawing;
 *   draw(width): {root: its SVG element, stops, byColumn, learners: those of its legend}. The
 *     pointer and the arrow keys reach `stops`, each {x, heading, lines(learner), points}: `lines`
 *     are the tooltip's, [learner or null, text], and `points` are what is there, {y, learner};
 *     `byColumn` says whether the pointer is at the nearest x;
 *   describe(): the text alternative;
 *   values(): {headers, rows} of its numbers.
 */
export function chartFigure(title, chart) {
  const tooltip = el("div", { class: "tip", hidden: true });
  const announcement = el("div", { class: "hidden", "aria-live": "polite" });
  const stage = el("div", { tabindex: 0, role: "img", class: "stage" });
  const figure = el("figure", {}, el("figcaption", {}, title), stage, tooltip, announcement);
  let [drawn, width, near, current, cursor] = [null, 0, false, -1, null];

  function redraw() {
    stage.setAttribute("aria-label", `${title}. ${chart.describe()} ${HINT}`);
    drawn = null;
    if (near) drawNow();
  }
  function drawNow() {
    if (!drawn) {
      const size = Math.max(240, Math.floor(stage.clientWidth || 480));
      stage.style.minHeight = `${chart.height(size)}px`;
      drawn = chart.draw(size);
      stage.replaceChildren(drawn.root);
      hide();
    }
    return drawn;
  }
  function show(index, learner, announce) {
    const stop = drawNow().stops[index];
    if (!stop) return;
    current = index;
    const point = stop.points.find((one) => one.learner === learner);
    cursor?.remove();
    cursor = drawn.byColumn
      ? svg("line", { class: "cursor", x1: stop.x, x2: stop.x, y1: 24, y2: chart.height(drawn.root.width.baseVal.value) - 40 })
      : svg("circle", { class: "cursor", cx: stop.x, cy: (point || stop.points[0]).y, r: 10, fill: "none" });
    drawn.root.append(cursor);
    const lines = stop.lines(learner);
    tooltip.replaceChildren(el("strong", {}, stop.heading), ...lines.map(([owner, text]) =>
      el("div", owner === learner && learner !== null ? { class: "own" } : {}, owner === null ? null : learnerSymbol(owner), text)));
    tooltip.hidden = false;
    const room = stage.clientWidth;
    const left = stop.x > room / 2 ? stop.x - tooltip.offsetWidth - 14 : stop.x + 14;
    tooltip.style.left = `${Math.max(0, Math.min(left, room - tooltip.offsetWidth))}px`;
    tooltip.style.top = `${stage.offsetTop + 8}px`;
    if (announce) announcement.textContent = `${stop.heading}: ${lines.map(([, text]) => text).join("; ")}`;
  }
  function hide() {
    tooltip.hidden = true;
    current = -1;
    cursor?.remove();
    cursor = null;
  }
  /** Returns what is nearest to the pointer: {index of the stop, learner or null}. */
  function nearest(event) {
    const frame = drawNow().root.getBoundingClientRect();
    const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
    let [index, learner, least] = [-1, null, Infinity];
    if (drawn.byColumn) {
      drawn.stops.forEach((stop, i) => {
        if (Math.abs(stop.x - x) < least) [index, least] = [i, Math.abs(stop.x - x)];
      });
      least = Infinity;
    }
    drawn.stops.forEach((stop, i) => {
      if (drawn.byColumn && i !== index) return;
      for (const point of stop.points) {
        const distance = drawn.byColumn ? Math.abs(point.y - y) : Math.hypot(stop.x - x, point.y - y);
        if (distance < least) [index, least, learner] = [i, distance, point.learner];
      }
    });
    return { index, learner: least < NEAR ? learner : null };
  }
  function onPointer(event) {
    const { index, learner } = nearest(event);
    hover(learner);
    show(index, learner, false);
  }
  function onKey(event) {
    const { stops } = drawNow();
    const [step, turn] = [{ ArrowRight: 1, ArrowLeft: -1 }[event.key], { ArrowUp: -1, ArrowDown: 1 }[event.key]];
    const last = stops.length - 1;
    const to = (index) => show(index, isolated() ?? (drawn.byColumn ? null : stops[index]?.points[0].learner), true);
    if (event.key === "Escape") return hide();
    if (event.key === "Home") to(0);
    else if (event.key === "End") to(last);
    else if (step) to(Math.max(0, Math.min(last, current < 0 && step < 0 ? last : current + step)));
    else if (turn && stops[current]) next(stops[current], turn);
    else if (event.key === "Enter" && stops[current]) {
      const learner = isolated() ?? stops[current].points[0].learner;
      if (learner !== null) pin(learner);
    } else return;
    event.preventDefault();
  }
  /** Isolates the learner whose point is next above or below. */
  function next(stop, turn) {
    const inOrder = stop.points.filter((point) => point.learner !== null).sort((a, b) => a.y - b.y);
    if (!inOrder.length) return;
    const place = inOrder.findIndex((point) => point.learner === isolated());
    const { learner } = inOrder[(Math.max(place, turn > 0 ? -1 : 0) + turn + inOrder.length) % inOrder.length];
    hover(learner);
    show(current, learner, true);
  }
  stage.addEventListener("pointermove", onPointer);
  stage.addEventListener("pointerdown", onPointer);
  stage.addEventListener("click", (event) => {
    const { learner } = nearest(event);
    if (learner !== null) pin(learner);
  });
  for (const name of ["pointerleave", "blur"]) {
    stage.addEventListener(name, () => { hide(); hover(null); });
  }
  stage.addEventListener("keydown", onKey);
  stage.addEventListener("near", ({ detail }) => {
    near = detail;
    if (near) drawNow();
  });
  new ResizeObserver(() => {
    if (stage.clientWidth === width) return;
    width = stage.clientWidth;
    stage.style.minHeight = `${chart.height(Math.max(240, width))}px`;
    requestAnimationFrame(redraw); // not within the observer, which would wait for itself
  }).observe(stage);
  nearScreen.observe(stage);
  figure.append(numbers(title, chart, drawNow));
  redraw();
  return Object.assign(figure, { redraw });
}

/** Returns a chart's files, and its values as a table that is made when it is opened. */
function numbers(title, chart, drawNow) {
  const details = el("details", { class: "numbers" },
    el("summary", {}, "Numbers and files", el("span", { class: "hidden" }, ` of ${title}`)));
  details.addEventListener("toggle", () => {
    [...details.children].slice(1).forEach((child) => child.remove());
    if (!details.open) return;
    const { headers, rows } = chart.values();
    details.append(
      el("div", { class: "files" }, csvButton(title, chart.values), figureButtons(title, drawNow)),
      scrollable(`Numbers of ${title}`, el("table", {},
        el("thead", {}, el("tr", {}, headers.map((text) => el("th", { scope: "col" }, text)))),
        el("tbody", {}, rows.map(([first, ...rest]) =>
          el("tr", {}, el("th", { scope: "row" }, String(first)), rest.map((value) => el("td", {}, value === null ? "" : String(value)))))))));
  });
  return details;
}
