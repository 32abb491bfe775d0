/**
 * @file Tables that sort, with their files.
 */

import { formatEnds, formatFixed, isMissing } from "./data.js";
import { breakable, el } from "./dom.js";
import { csvButton } from "./files.js";

const classNames = (...names) => names.filter(Boolean).join(" ") || null;

/** Returns a table in a box that scrolls sideways, if the table is wider than the page. */
export function scrollable(label, table) {
  const box = el("div", { class: "scroll", role: "region", "aria-label": label }, table);
  new ResizeObserver(() => {
    box.classList.remove("wide");
    const wide = table.offsetWidth > box.clientWidth + 1 || Boolean(box.closest(".numbers"));
    box.classList.toggle("wide", wide); // only then does it scroll: else headers stay at the page's top
    if (wide) box.setAttribute("tabindex", "0");
    else box.removeAttribute("tabindex");
  }).observe(box);
  return box;
}

/** Returns the order of two values, as sorting wants it; a missing one is last in either direction. */
function compare(a, b, descending) {
  if (isMissing(a) || isMissing(b)) return isMissing(a) - isMissing(b);
  const ascending = typeof a === "string" ? a.localeCompare(b) : a - b;
  return descending ? -ascending : ascending;
}

/** Returns the cell of a row in a column; the first one is the row's header. */
function cell(column, index, row) {
  const element = index === 0
    ? el("th", { scope: "row", class: classNames("stick", column.className) }, column.cell(row))
    : el("td", { class: classNames(column.numeric && "number", column.className) }, column.cell(row));
  column.look?.(row, element);
  return element;
}

/**
 * Returns a table that sorts by the column whose header is clicked: {element, update()}, where
 * `update(columns)` filters and sorts it anew, with other columns if they are given.
 *
 * Each of `columns` is {name, title, value(row): what to sort by, cell(row): what to show} and may
 * have numeric: aligned right, and sorted from the highest first, or if also `lowestFirst` from the
 * lowest; look(row, cell): sets the cell's look; className. `sort` is {column: its name,
 * descending}; `filter(row)` returns whether to show a row; `rowAttributes(row)` its attributes.
 * `values()` returns what the file has, {headers, rows}; by default what columns sort by.
 */
export function sortableTable({ label, caption, columns: given, rows, sort, filter = () => true, rowAttributes = () => ({}), values, className }) {
  let [columns, order, headers] = [given, sort, []];
  const [body, count, head] = [el("tbody", {}), el("span", {}), el("tr", {})];
  const own = () => ({ headers: columns.map((column) => column.name), rows: shown().map((row) => columns.map((column) => column.value(row))) });
  const table = el("table", { class: className || null }, el("caption", {}, caption ? el("span", {}, caption, " ") : null, count),
    el("thead", {}, head), body);

  function sortBy(column) {
    const descending = order.column === column.name
      ? !order.descending : Boolean(column.numeric && !column.lowestFirst);
    order = { column: column.name, descending };
    update();
  }
  function shown() {
    const sorted = columns.find((column) => column.name === order.column);
    const found = rows.filter(filter);
    return sorted ? found.sort((a, b) => compare(sorted.value(a), sorted.value(b), order.descending)) : found;
  }
  function updateHead() {
    headers = columns.map((column, index) =>
      el("th", { scope: "col", class: classNames(column.numeric && "number", index === 0 && "stick", column.className) },
        el("button", { type: "button", title: column.title, onclick: () => sortBy(column) }, el("span", {}, breakable(column.name)))));
    head.replaceChildren(...headers);
  }
  function update(others) {
    if (others) {
      columns = others;
      updateHead();
    }
    const found = shown();
    columns.forEach((column, index) => {
      const direction = order.descending ? "descending" : "ascending";
      headers[index].setAttribute("aria-sort", column.name === order.column ? direction : "none");
    });
    count.textContent = found.length === rows.length ? "" : `${found.length} of ${rows.length} rows.`;
    body.replaceChildren(...found.map((row) =>
      el("tr", rowAttributes(row), columns.map((column, index) => cell(column, index, row)))));
  }
  updateHead();
  update();
  const files = el("div", { class: "files" }, csvButton(label, values || own));
  return { element: el("div", {}, scrollable(label, table), files), update };
}

/** Returns a mean with its interval below, `[mean, low, high]`, as the content of a cell. */
export const intervalCell = (bounds, digits = 2) =>
  (bounds ? [formatFixed(bounds[0], digits), el("span", { class: "ends" }, formatEnds(bounds, digits))] : "n/a");
