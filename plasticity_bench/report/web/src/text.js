/**
 * @file The widths of texts, and places for the labels of points.
 */

import { el } from "./dom.js";

let context = null;

/** Returns the width in pixels of a text in the page's font. */
export function textWidth(text, size) {
  context ||= el("canvas").getContext("2d");
  context.font = `${size}px ${getComputedStyle(document.body).fontFamily}`;
  return context.measureText(text).width;
}

const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** The box around a text of which `anchor` is "start" or "end" at (x, y), its middle. */
const box = (x, y, width, height, anchor) => {
  const left = anchor === "end" ? x - width : x;
  return { left, right: left + width, top: y - height / 2, bottom: y + height / 2 };
};

/** Returns whether a label is so far from its point that a line joins them. */
export const joins = (place, point) => Math.abs(place.y - point.y) >= 12;

/** Small boxes along the line from a point to its label, from beside the point's marker on. */
const pointsBetween = (point, place) => [0.35, 0.5, 0.65, 0.8].map((share) =>
  box(point.x + share * (place.x - point.x) - 1, point.y + share * (place.y - point.y), 2, 2, "start"));

/**
 * Returns a place for the label of each point, {x, y, anchor}, or null where there is no room.
 *
 * A label is right or left of its point, or above or below it and joined to it by a line: the
 * nearest place that neither leaves `frame` nor overlaps a marker or another label.
 *
 * @param points each {x, y, text}, in pixels; those that come first have the first choice.
 * @param frame {left, right, top, bottom} of the plot's area, in pixels.
 */
export function placeLabels(points, frame, size = 11) {
  const [height, gap] = [size * 1.15, 9];
  const taken = points.map(({ x, y }) => box(x - 5, y, 10, 10, "start"));
  const shifts = [-9, 9, 0]; // first beside the error bar, not on it
  for (let shift = 15; shift < frame.bottom - frame.top; shift += 6) shifts.push(-shift, shift);
  return points.map(({ x, y, text }, index) => {
    const width = textWidth(text, size) + 3;
    for (const shift of shifts) {
      for (const anchor of ["start", "end"]) {
        const place = { x: anchor === "start" ? x + gap : x - gap, y: y + shift, anchor };
        const own = box(place.x, place.y, width, height, anchor);
        const joint = joins(place, { x, y }) ? pointsBetween({ x, y }, place) : [];
        const inside = own.left >= frame.left && own.right <= frame.right && own.top >= frame.top && own.bottom <= frame.bottom;
        if (inside && ![own, ...joint].some((part) => taken.some((other, i) => i !== index && overlap(part, other)))) {
          taken.push(own, ...joint);
          return place;
        }
      }
    }
    return null;
  });
}
