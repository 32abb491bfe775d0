/**
 * @file The report's data, and its values as text.
 *
 * `plasticity_bench/report/model.py` describes the data: streams, learners and measurements are
 * given by their index, and a value that is missing or not finite is null.
 */

/** The report; null until `loadReport` is done. */
export let REPORT = null;

/** The indices of all streams. */
export let STREAMS = [];

/** Reads the report that the page embeds: JSON, compressed with gzip, in base64. */
export async function loadReport() {
  const bytes = Uint8Array.from(atob(document.getElementById("data").textContent), (char) => char.charCodeAt(0));
  const text = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  REPORT = await new Response(text).json();
  STREAMS = REPORT.streams.map((_, index) => index);
}

/** The label of each score, by its key. */
export const SCORES = {
  trainability: "trainability", retained_plasticity: "retained plasticity", curvature_retention: "curvature retention",
};

/** The minus sign, in place of the hyphen that numbers are written with. */
const withMinusSign = (text) => text.replace("-", "−");

/** Returns whether a value is null or undefined. */
export const isMissing = (value) => value === null || value === undefined;

/** Returns a number with `digits` significant digits, in scientific notation if very small or large. */
export function formatNumber(value, digits = 3) {
  if (isMissing(value)) return "n/a";
  const magnitude = Math.abs(value);
  const scientific = magnitude !== 0 && (magnitude < 1e-3 || magnitude >= 1e5);
  return withMinusSign(scientific ? value.toExponential(1) : String(Number(value.toPrecision(digits))));
}

/** Returns a number with `digits` decimals; zero has no sign. */
export function formatFixed(value, digits = 2) {
  if (isMissing(value)) return "n/a";
  const text = value.toFixed(digits);
  return withMinusSign(Number(text) === 0 ? text.replace("-", "") : text);
}

/** Returns the ends of an interval, `[mean, low, high]`, as "[low, high]"; of one seed, nothing. */
export const formatEnds = (bounds, digits = 2) =>
  (isMissing(bounds?.[1]) ? "" : `[${formatFixed(bounds[1], digits)}, ${formatFixed(bounds[2], digits)}]`);

/** Returns a mean with the ends of its interval, `[mean, low, high]`, as "mean [low, high]"; of one seed, the mean. */
export const formatInterval = (bounds, digits = 2) =>
  (bounds ? `${formatFixed(bounds[0], digits)} ${formatEnds(bounds, digits)}`.trim() : "n/a");

/** Returns the value of a hyperparameter as text. */
export const formatHyperparameter = (value) =>
  (typeof value === "number" ? formatNumber(value) : String(value));

/** Returns any JSON value as text without brackets; numbers keep all their digits. */
export function formatValue(value) {
  if (isMissing(value)) return "none";
  if (Array.isArray(value)) return value.map(formatValue).join(", ");
  if (typeof value !== "object") return String(value);
  return Object.entries(value).map(([key, nested]) => `${key} ${formatValue(nested)}`).join(", ");
}
