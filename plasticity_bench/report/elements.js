"use strict";
/* The data, elements of the page, and numbers as text. Text is only ever set as text, never as markup. */

const SVG = "http://www.w3.org/2000/svg";
const REPORT = JSON.parse(document.getElementById("data").textContent);

function make(space, name, attributes, children) {
  const node = space ? document.createElementNS(space, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined) node.append(child);
  }
  return node;
}
const el = (name, attributes, ...children) => make(null, name, attributes, children);
const svg = (name, attributes, ...children) => make(SVG, name, attributes, children);

function shown(value, digits = 3) {
  if (value === null || value === undefined) return "n/a";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(1).replace("-", "−");
  return String(Number(value.toPrecision(digits))).replace("-", "−");
}
function fixed(value, digits = 2) {
  if (value === null || value === undefined) return "n/a";
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

/* Text that may be broken where a name has its parts. */
const breakable = (text) => text.split(/(?<=[_:,/-])/).flatMap((part) => [part, el("wbr", {})]).slice(0, -1);
const interval = (bounds, digits = 2) =>
  bounds ? `${fixed(bounds[0], digits)} [${fixed(bounds[1], digits)}, ${fixed(bounds[2], digits)}]` : "n/a";
