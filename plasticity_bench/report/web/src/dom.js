/**
 * @file Elements of the page. Text is only ever set as text, never as markup.
 */

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

/** Sets the attributes of a node, listens where they are named on*, and appends the children. */
function build(node, attributes, children) {
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

/** Returns an HTML element. Children are nodes, text, lists of these, or null for none. */
export const el = (name, attributes, ...children) =>
  build(document.createElement(name), attributes, children);

/** Returns an SVG element, made like those of `el`. */
export const svg = (name, attributes, ...children) =>
  build(document.createElementNS(SVG_NAMESPACE, name), attributes, children);

/** Returns text, as a list of nodes, that may wrap after the punctuation inside a name. */
export const breakable = (text) =>
  text.split(/(?<=[_:,/-])/).flatMap((part) => [part, el("wbr", {})]).slice(0, -1);
