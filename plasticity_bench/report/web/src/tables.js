/**
 * @file Tables, and the intervals that are drawn in their cells.
 */

import { formatInterval, isMissing } from "./data.js";
import { breakable, el, svg } from "./dom.js";

const classNames = (...names) => names.filter(Boolean).join(" ") || null;

/** Returns a table in a box that scrolls sideways. */
const scrollable = (label, table) =>
  el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label }, table);

/**
 * Returns a table that sorts by the column whose header is clicked: {element, update()}, where
 * `update` filters and sorts it anew.
 *
 * Each of `columns` is {name, title, value(row): what to sort by, cell(row): what to show} and may
 * have numeric: aligned right, and sorted from the highest first, or if also `lowestFirst` from the
 * lowest; colour(row): the cell's CSS classes; sublabel(row): what a narrow page has below the
 * first cell. `sort` is {column: its name, descending}; `filter(row)` returns whether to show a row.
 */
export function sortableTable({ label, caption, columns, rows, sort, filter = () => true }) {
  let order = sort;
  const body = el("tbody", {});
  const count = el("span", {});
  const headers = columns.map((column, index) =>
    el("th", { scope: "col", class: classNames(column.numeric && "number", index === 0 && "stick") },
      el("button", { type: "button", title: column.title, onclick: () => sortBy(column) }, breakable(column.name))));
  const table = el("table", {},
    el("caption", {}, el("span", {}, caption, " ", count)), el("thead", {}, el("tr", {}, headers)), body);

  function sortBy(column) {
    const descending = order.column === column.name
      ? !order.descending : Boolean(column.numeric && !column.lowestFirst);
    order = { column: column.name, descending };
    update();
  }
  function compare(rowA, rowB, column) {
    const [a, b] = [column.value(rowA), column.value(rowB)];
    if (isMissing(a) || isMissing(b)) return isMissing(a) - isMissing(b); // last in either direction
    const ascending = typeof a === "string" ? a.localeCompare(b) : a - b;
    return order.descending ? -ascending : ascending;
  }
  function cell(column, index, row) {
    if (index === 0) {
      return el("th", { scope: "row", class: "stick", "data-under": column.sublabel?.(row) }, column.cell(row));
    }
    return el("td", { class: classNames(column.numeric && "number", column.colour?.(row)) }, column.cell(row));
  }
  function update() {
    const sorted = columns.find((column) => column.name === order.column);
    const shown = rows.filter(filter);
    if (sorted) shown.sort((a, b) => compare(a, b, sorted));
    headers.forEach((header, index) => {
      const direction = order.descending ? "descending" : "ascending";
      header.setAttribute("aria-sort", columns[index] === sorted ? direction : "none");
    });
    count.textContent = shown.length === rows.length ? "" : `${shown.length} of ${rows.length} rows.`;
    body.replaceChildren(...shown.map((row) =>
      el("tr", {}, columns.map((column, index) => cell(column, index, row)))));
  }
  update();
  return { element: scrollable(label, table), update };
}

/** Returns a table, as an element, whose rows are elements; `className` is its CSS class. */
export function plainTable(headers, rows, label, className) {
  return scrollable(label, el("table", { class: className },
    el("thead", {}, el("tr", {}, headers.map((text, index) =>
      el("th", { scope: "col", class: index ? null : "stick" }, breakable(text))))),
    el("tbody", {}, rows)));
}

/** Returns a score with its interval, as text and as a dot with an error bar. */
export const intervalCell = (bounds) =>
  el("span", { class: "name" }, formatInterval(bounds), bounds ? errorBar(bounds) : null);

function errorBar([mean, low, high]) {
  const [width, x] = [48, (value) => 4 + 40 * Math.min(1.05, Math.max(-0.05, value))]; // ends may lie outside [0, 1]
  return svg("svg", { class: "whisker k0", width, height: 12, viewBox: `0 0 ${width} 12`, "aria-hidden": "true" },
    svg("line", { class: "axis", x1: x(0), x2: x(1), y1: 6, y2: 6 }),
    isMissing(low) ? null : svg("line", { class: "stroke", "stroke-width": 2, x1: x(low), x2: x(high), y1: 6, y2: 6 }),
    svg("circle", { class: "mark", cx: x(mean), cy: 6, r: 4 }));
}
