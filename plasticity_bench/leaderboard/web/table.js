// Sorts and filters the table of a suite. Without it, the page shows all entries by rank.
const form = document.querySelector("#filters");
const table = document.querySelector("#entries");
const heads = [...table.tHead.rows[0].cells];
const rows = [...table.tBodies[0].rows];
const shown = document.querySelector("#shown");
let sorted = "";

const valueOf = (row, index) => {
  const given = row.cells[index].dataset.value;
  if (given !== undefined) return given.trim() !== "" && !Number.isNaN(Number(given)) ? Number(given) : given;
  const text = row.cells[index].textContent;
  return /^(\u2013|n\/a)?$/.test(text) ? null : text;
};

const compare = (a, b) =>
  typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));

// What has no value comes last in both directions; equal rows keep the order of the ranks.
const sort = (index, direction) => {
  const sign = direction === "ascending" ? 1 : -1;
  const keyed = rows.map((row) => [valueOf(row, index), row]);
  keyed.sort(([a], [b]) => (a === null || b === null ? (a === null) - (b === null) : sign * compare(a, b)));
  table.tBodies[0].append(...keyed.map(([, row]) => row));
  heads.forEach((head, i) => head.setAttribute("aria-sort", i === index ? direction : "none"));
  sorted = `, sorted by ${heads[index].textContent}, ${direction}`;
  tell();
};

const tell = () => {
  const count = rows.filter((row) => !row.hidden).length;
  shown.textContent = `${count} of ${rows.length} entries${sorted}`;
};

const filter = () => {
  const { text, ...tags } = Object.fromEntries(new FormData(form));
  const wanted = Object.entries(tags).filter(([, value]) => value);
  for (const row of rows) {
    const has = row.dataset.tags.split(" ");
    const named = row.cells[0].textContent.toLowerCase().includes(text.trim().toLowerCase());
    row.hidden = !named || wanted.some(([tag, value]) => has.includes(tag) !== (value === "yes"));
  }
  tell();
};

heads.forEach((head, index) => {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  button.addEventListener("click", () => {
    const other = { ascending: "descending", descending: "ascending" };
    sort(index, other[head.getAttribute("aria-sort")] ?? head.dataset.first);
  });
  head.append(button);
  head.setAttribute("aria-sort", "none");
});
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("reset", () => setTimeout(filter)); // after the fields have changed
form.hidden = false;
filter(); // a browser may have kept what was typed before
