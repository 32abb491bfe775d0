/**
 * @file The frame of a chart: title, tooltip, keyboard navigation and its values as a table.
 */

import { el, svg } from "./dom.js";
import { learnerSymbol } from "./encoding.js";

const HINT = "Arrow keys read the values.";

/**
 * Returns a figure whose chart is drawn anew at every width, with its method `redraw()`.
 *
 * `draw(width)` returns the chart:
 *   root, width: its SVG element, and the width of that;
 *   stops: what the pointer and the arrow keys reach, each {x, y, heading, lines}, where `lines`
 *     are the tooltip's, [learner or null, text];
 *   cursor(stop): an SVG element that marks a stop;
 *   byColumn: whether the stop nearest to the pointer is that of the nearest x;
 *   description: the text alternative.
 * `values()` returns the chart's values as {headers, rows}, lists of text.
 */
export function chartFigure(title, draw, values) {
  const tooltip = el("div", { class: "tip", hidden: true });
  const announcement = el("div", { class: "hidden", "aria-live": "polite" });
  const stage = el("div", { tabindex: 0, role: "img", class: "stage" });
  const figure = el("figure", {}, el("figcaption", {}, title), stage, tooltip, announcement, valueTable(title, values));
  let chart = null;
  let current = -1;
  let cursor = null;

  function redraw() {
    chart = draw(Math.max(240, Math.floor(stage.clientWidth)));
    stage.setAttribute("aria-label", `${title}. ${chart.description} ${HINT}`);
    stage.replaceChildren(chart.root);
    hide();
  }
  function show(index, announce) {
    current = index;
    const stop = chart.stops[index];
    if (!stop) return;
    if (cursor) cursor.remove();
    cursor = chart.cursor(stop);
    chart.root.append(cursor);
    tooltip.replaceChildren(el("strong", {}, stop.heading),
      ...stop.lines.map(([learner, text]) => el("div", {}, learner === null ? null : learnerSymbol(learner, 18), text)));
    tooltip.hidden = false;
    const left = stop.x > chart.width / 2 ? stop.x - tooltip.offsetWidth - 12 : stop.x + 12;
    tooltip.style.left = `${Math.max(0, Math.min(left, chart.width - tooltip.offsetWidth))}px`;
    tooltip.style.top = `${stage.offsetTop + 8}px`;
    if (announce) announcement.textContent = `${stop.heading}: ${stop.lines.map(([, text]) => text).join("; ")}`;
  }
  function hide() {
    tooltip.hidden = true;
    current = -1;
    if (cursor) cursor.remove();
    cursor = null;
  }
  function nearestStop(event) {
    const box = chart.root.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let nearest = -1;
    let least = Infinity;
    chart.stops.forEach((stop, index) => {
      const distance = chart.byColumn ? Math.abs(stop.x - x) : Math.hypot(stop.x - x, stop.y - y);
      if (distance < least) [nearest, least] = [index, distance];
    });
    return nearest;
  }
  function onKey(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const last = chart.stops.length - 1;
    if (event.key === "Escape") return hide();
    if (event.key === "Home") show(0, true);
    else if (event.key === "End") show(last, true);
    else if (step) show(Math.max(0, Math.min(last, current < 0 && step < 0 ? last : current + step)), true);
    else return;
    event.preventDefault();
  }
  stage.addEventListener("pointermove", (event) => show(nearestStop(event), false));
  stage.addEventListener("pointerdown", (event) => show(nearestStop(event), false));
  stage.addEventListener("pointerleave", hide);
  stage.addEventListener("blur", hide);
  stage.addEventListener("keydown", onKey);
  let width = 0;
  new ResizeObserver(() => {
    if (stage.clientWidth !== width) {
      width = stage.clientWidth;
      requestAnimationFrame(redraw); // not within the observer, which would wait for itself
    }
  }).observe(stage);
  return Object.assign(figure, { redraw });
}

/** Returns the cursor of a point: a circle around it. */
export const pointCursor = (stop) => svg("circle", { cx: stop.x, cy: stop.y, r: 10, fill: "none", class: "cursor" });

/** Returns a chart's values as a table that is made when it is opened. */
function valueTable(title, values) {
  const details = el("details", {}, el("summary", {}, "Numbers", el("span", { class: "hidden" }, ` of ${title}`)));
  details.addEventListener("toggle", () => {
    if (!details.open) {
      details.querySelector(".scroll")?.remove();
      return;
    }
    const { headers, rows } = values();
    details.append(el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Numbers of ${title}` },
      el("table", {},
        el("thead", {}, el("tr", {}, headers.map((text) => el("th", { scope: "col" }, text)))),
        el("tbody", {}, rows.map(([first, ...rest]) =>
          el("tr", {}, el("th", { scope: "row" }, first), rest.map((text) => el("td", {}, text))))))));
  });
  return details;
}
