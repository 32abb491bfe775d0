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
const LEAST_WIDTH = 240;

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
  const stage = new Stage(title, chart);
  return Object.assign(
    el("figure", {}, el("figcaption", {}, title), stage.element, stage.tooltip, stage.announcement, numbers(title, chart, () => stage.drawing())),
    { redraw: () => stage.redraw() });
}

/** Where a chart is drawn and read, by the pointer or the keyboard. */
class Stage {
  constructor(title, chart) {
    Object.assign(this, { title, chart, drawn: null, near: false, current: -1, cursor: null });
    this.tooltip = el("div", { class: "tip", hidden: true });
    this.announcement = el("div", { class: "hidden", "aria-live": "polite" });
    this.element = el("div", {
      tabindex: 0, role: "img", class: "stage",
      onpointermove: (event) => this.point(event), onpointerdown: (event) => this.point(event),
      onclick: (event) => this.pinNearest(event), onkeydown: (event) => this.press(event),
      onpointerleave: () => this.leave(), onblur: () => this.leave(),
      onnear: ({ detail }) => {
        this.near = detail;
        if (detail) this.drawing();
      },
    });
    this.followWidth();
    nearScreen.observe(this.element);
    this.redraw();
  }

  /** Draws the chart anew at every width. */
  followWidth() {
    let width = 0;
    new ResizeObserver(() => {
      if (this.element.clientWidth === width) return;
      width = this.element.clientWidth;
      this.element.style.minHeight = `${this.chart.height(Math.max(LEAST_WIDTH, width))}px`;
      requestAnimationFrame(() => this.redraw()); // not within the observer, which would wait for itself
    }).observe(this.element);
  }

  redraw() {
    this.element.setAttribute("aria-label", `${this.title}. ${this.chart.describe()} ${HINT}`);
    this.drawn = null;
    if (this.near) this.drawing();
  }

  /** Returns the drawing, which is made if there is none. */
  drawing() {
    if (!this.drawn) {
      const width = Math.max(LEAST_WIDTH, Math.floor(this.element.clientWidth || 480));
      this.height = this.chart.height(width);
      this.element.style.minHeight = `${this.height}px`;
      this.drawn = this.chart.draw(width);
      this.element.replaceChildren(this.drawn.root);
      this.hide();
    }
    return this.drawn;
  }

  /** Shows the tooltip of a stop, and says it if `announce`; `learner` is the one that is meant, or null. */
  show(index, learner, announce) {
    const { stops, byColumn, root } = this.drawing();
    const stop = stops[index];
    if (!stop) return;
    this.current = index;
    const point = stop.points.find((one) => one.learner === learner) || stop.points[0];
    this.cursor?.remove();
    this.cursor = byColumn
      ? svg("line", { class: "cursor", x1: stop.x, x2: stop.x, y1: 24, y2: this.height - 42 })
      : svg("circle", { class: "cursor", cx: stop.x, cy: point.y, r: 10, fill: "none" });
    root.append(this.cursor);
    const lines = stop.lines(learner);
    this.tooltip.replaceChildren(el("strong", {}, stop.heading), ...lines.map(([owner, text]) =>
      el("div", owner === learner && learner !== null ? { class: "own" } : {}, owner === null ? null : learnerSymbol(owner), text)));
    this.placeTooltip(stop.x);
    if (announce) this.announcement.textContent = `${stop.heading}: ${lines.map(([, text]) => text).join("; ")}`;
  }

  placeTooltip(x) {
    this.tooltip.hidden = false;
    const [room, { offsetWidth: width, offsetHeight: height }] = [this.element.clientWidth, this.tooltip];
    const left = x > room / 2 ? x - width - 14 : x + 14;
    this.tooltip.style.left = `${Math.max(0, Math.min(left, room - width))}px`;
    const below = height > this.height / 2; // so that it does not hide what it is about
    this.tooltip.style.top = `${this.element.offsetTop + (below ? this.height : 8)}px`;
  }

  hide() {
    this.tooltip.hidden = true;
    this.current = -1;
    this.cursor?.remove();
    this.cursor = null;
  }

  leave() {
    this.hide();
    hover(null);
  }

  /** Returns what is nearest to the pointer: {index of the stop, learner or null}. */
  nearest(event) {
    const { root, stops, byColumn } = this.drawing();
    const frame = root.getBoundingClientRect();
    const [x, y] = [event.clientX - frame.left, event.clientY - frame.top];
    const across = stops.map((stop) => Math.abs(stop.x - x));
    const column = byColumn ? across.indexOf(Math.min(...across)) : null;
    let [index, learner, least] = [column ?? -1, null, Infinity];
    stops.forEach((stop, i) => {
      if (byColumn && i !== column) return;
      for (const point of stop.points) {
        const distance = byColumn ? Math.abs(point.y - y) : Math.hypot(across[i], point.y - y);
        if (distance < least) [index, least, learner] = [i, distance, point.learner];
      }
    });
    return { index, learner: least < NEAR ? learner : null };
  }

  point(event) {
    const { index, learner } = this.nearest(event);
    hover(learner);
    this.show(index, learner, false);
  }

  pinNearest(event) {
    const { learner } = this.nearest(event);
    if (learner !== null) pin(learner);
  }

  press(event) {
    const { stops, byColumn } = this.drawing();
    const [last, stop] = [stops.length - 1, stops[this.current]];
    const to = (index) => this.show(index, isolated() ?? (byColumn ? null : stops[index]?.points[0].learner), true);
    const acts = {
      Escape: () => this.hide(),
      Home: () => to(0),
      End: () => to(last),
      ArrowRight: () => to(Math.min(last, this.current + 1)),
      ArrowLeft: () => to(this.current < 0 ? last : Math.max(0, this.current - 1)),
      ArrowUp: () => stop && this.turn(stop, -1),
      ArrowDown: () => stop && this.turn(stop, 1),
      Enter: () => {
        const learner = isolated() ?? stop?.points[0].learner ?? null;
        if (learner !== null) pin(learner);
      },
    };
    if (!(event.key in acts)) return;
    acts[event.key]();
    if (event.key !== "Escape") event.preventDefault();
  }

  /** Isolates the learner whose point is next above (-1) or below (1). */
  turn(stop, step) {
    const inOrder = stop.points.filter((point) => point.learner !== null).sort((a, b) => a.y - b.y);
    if (!inOrder.length) return;
    const place = inOrder.findIndex((point) => point.learner === isolated());
    const { learner } = inOrder[place < 0 ? 0 : (place + step + inOrder.length) % inOrder.length];
    hover(learner);
    this.show(this.current, learner, true);
  }
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
