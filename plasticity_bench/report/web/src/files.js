/**
 * @file Downloads: tables as CSV, figures as SVG and PNG. Nothing leaves the page.
 */

import { REPORT } from "./data.js";
import { el, svg } from "./dom.js";
import { lookGroup } from "./encoding.js";
import { textWidth } from "./text.js";

const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, Arial, sans-serif";
const PIXELS = 3; // of a PNG, for each pixel of the page: about 300 dots per inch

/** Returns a button that calls `save` with the file's name without its ending. */
const button = (ending, title, save) => el("button", {
  type: "button", class: "file", onclick: () => save(fileName(title)), "aria-label": `${title} as ${ending}`,
}, ending);

const fileName = (title) => `${REPORT.suite} ${title}`.replace(/[^\w.+=-]+/g, "_").slice(0, 100);

function download(name, blob) {
  const link = el("a", { download: name, href: URL.createObjectURL(blob) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Returns a table as CSV (RFC 4180); missing values are empty. */
export function csv(headers, rows) {
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [headers, ...rows].map((row) => row.map(cell).join(",")).join("\r\n").concat("\r\n");
}

/** Returns the button that saves a table; `values()` returns its {headers, rows}. */
export const csvButton = (title, values) => button("CSV", title, (name) => {
  const { headers, rows } = values();
  download(`${name}.csv`, new Blob([csv(headers, rows)], { type: "text/csv" }));
});

/** Returns the buttons that save a figure; `chart()` returns its {root, learners}. */
export const figureButtons = (title, chart) => [
  button("SVG", title, (name) => download(`${name}.svg`, new Blob([svgDocument(title, chart()).text], { type: "image/svg+xml" }))),
  button("PNG", title, (name) => savePng(name, svgDocument(title, chart()))),
];

/**
 * Returns a chart as a file of its own, {text, width, height}: with its title, the legend of its
 * learners, and colours in place of the page's variables.
 */
export function svgDocument(title, { root, learners = [] }) {
  const style = getComputedStyle(document.documentElement);
  const [chartWidth, chartHeight] = [Number(root.getAttribute("width")), Number(root.getAttribute("height"))];
  const width = Math.max(chartWidth, textWidth(title, 14) + 20);
  const [entries, legendHeight] = legendEntries(learners, width, chartHeight + 34);
  const height = chartHeight + 34 + legendHeight;
  const file = svg("svg", {
    xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}`,
    color: "var(--text)", "font-family": FONT, "font-size": 12,
  },
  svg("rect", { width, height, fill: "var(--page)" }),
  svg("text", { x: 8, y: 20, fill: "var(--text)", "font-size": 14, "font-weight": 600 }, title),
  svg("g", { transform: "translate(0 28)" }, root.cloneNode(true)), entries);
  file.querySelectorAll(".cursor").forEach((node) => node.remove());
  const text = new XMLSerializer().serializeToString(file)
    .replace(/var\((--[\w-]+)\)/g, (_, name) => style.getPropertyValue(name).trim());
  return { text, width, height };
}

function legendEntries(learners, width, top) {
  let [x, y] = [8, top];
  const entries = learners.map((learner) => {
    const length = 32 + textWidth(REPORT.learners[learner], 12) + 16;
    if (x > 8 && x + length > width) [x, y] = [8, y + 18];
    const entry = svg("g", { transform: `translate(${x} ${y})` }, lookGroup(learner),
      svg("text", { x: 32, y: 10, fill: "var(--text)" }, REPORT.learners[learner]));
    x += length;
    return entry;
  });
  return [entries, learners.length ? y - top + 22 : 0];
}

function savePng(name, { text, width, height }) {
  const image = el("img", {
    onload: () => {
      const canvas = el("canvas", { width: width * PIXELS, height: height * PIXELS });
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => download(`${name}.png`, blob));
    },
  });
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
}
