/* A table whose columns sort, and which can be filtered.
   Columns: {name, title, number, value(row) for sorting, cell(row) for showing; up: whether the
   least number comes first; under(row): what a narrow page has below the first cell}. */

function sortable({ name, caption, columns, rows, sort, shown: keep }) {
  let order = { ...sort };
  const body = el("tbody", {});
  const count = el("span", {});
  const heads = columns.map((column, place) =>
    el("th", { scope: "col", class: [column.number && "number", place === 0 && "stick"].filter(Boolean).join(" ") || null },
      el("button", { type: "button", title: column.title, onclick: () => turn(column) }, breakable(column.name))));
  const table = el("table", {}, el("caption", {}, el("span", {}, caption, " ", count)), el("thead", {}, el("tr", {}, heads)), body);

  function turn(column) {
    const again = order.column === column.name;
    order = { column: column.name, down: again ? !order.down : Boolean(column.number && !column.up) };
    update();
  }
  function compare(a, b, column) {
    const [one, other] = [column.value(a), column.value(b)];
    const [noOne, noOther] = [one === null || one === undefined, other === null || other === undefined];
    if (noOne || noOther) return noOne - noOther; // what has no value comes last, up or down
    const least = typeof one === "string" ? one.localeCompare(other) : one - other;
    return order.down ? -least : least;
  }
  function update() {
    const column = columns.find((c) => c.name === order.column);
    const found = rows.filter((row) => !keep || keep(row));
    if (column) found.sort((a, b) => compare(a, b, column));
    heads.forEach((head, place) => {
      const own = columns[place] === column;
      head.setAttribute("aria-sort", own ? (order.down ? "descending" : "ascending") : "none");
    });
    count.textContent = found.length === rows.length ? "" : `${found.length} of ${rows.length} rows.`;
    body.replaceChildren(...found.map((row) => el("tr", {}, columns.map((c, place) =>
      place === 0 ? el("th", { scope: "row", class: "stick", "data-under": c.under && c.under(row) }, c.cell(row))
        : el("td", { class: [c.number && "number", c.heat && c.heat(row)].filter(Boolean).join(" ") || null }, c.cell(row))))));
  }
  update();
  return { box: el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": name }, table), update };
}

/* An interval as a dot with whiskers, between 0 and 1. */
function whisker(bounds) {
  if (!bounds) return null;
  const [width, x] = [48, (v) => 4 + 40 * v];
  return svg("svg", { class: "whisker k0", width, height: 12, viewBox: `0 0 ${width} 12`, "aria-hidden": "true" },
    svg("line", { class: "axis", x1: x(0), x2: x(1), y1: 6, y2: 6 }),
    svg("line", { class: "stroke", "stroke-width": 2, x1: x(bounds[1]), x2: x(bounds[2]), y1: 6, y2: 6 }),
    svg("circle", { class: "mark", cx: x(bounds[0]), cy: 6, r: 4 }));
}
const withWhisker = (bounds) => el("span", { class: "name" }, interval(bounds), whisker(bounds));

/* Blue for better, orange for worse, the stronger the farther from 0; nothing where 0 is within. */
function heat(bounds) {
  if (!bounds || bounds[0] === null || (bounds[1] <= 0 && bounds[2] >= 0)) return "";
  const strength = Math.max(1, Math.min(5, Math.ceil(Math.abs(bounds[0]) * 5)));
  return `heat-${bounds[0] > 0 ? "better" : "worse"} s${strength}`;
}

function plainTable(headers, rows, label, kind) {
  return el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label },
    el("table", { class: kind },
      el("thead", {}, el("tr", {}, headers.map((text, place) => el("th", { scope: "col", class: place ? null : "stick" }, breakable(text))))),
      el("tbody", {}, rows)));
}
