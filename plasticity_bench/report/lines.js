/* Lines with bands: one for each learner. */

function lineChart({ title, lines, visible, labels, domain, head }) {
  const chosen = () => lines.filter((line) => visible(line.learner));
  const numbers = () => ({
    headers: ["learner", labels.x, "mean", "low", "high"],
    rows: chosen().flatMap((line) => line.x.map((at, i) =>
      [REPORT.learners[line.learner], shown(at), shown(line.mean[i], 4), shown(line.low[i], 4), shown(line.high[i], 4)])),
  });
  function draw(width) {
    const own = chosen();
    const all = lines.flatMap((line) => line.x);
    const range = { x: domain.x || [Math.min(...all), Math.max(...all)], y: domain.y };
    const box = plane(width, Math.min(320, Math.max(220, width * 0.62)), range, labels);
    own.forEach((line) => box.root.append(band(box, line)));
    own.forEach((line, place) => box.root.append(...stroke(box, line, place)));
    const places = [...new Set(own.flatMap((line) => line.x))].sort((a, b) => a - b);
    const stops = places.map((at) => ({ x: box.x(at), head: head(at), lines: values(own, at) }));
    const mark = (stop) => svg("line", { class: "cursor", x1: stop.x, x2: stop.x, y1: MARGIN.top, y2: box.height - MARGIN.bottom });
    return { ...box, stops, mark, flat: true, alt: spoken(own, labels) };
  }
  return chart(title, draw, numbers);
}
function values(lines, at) {
  return lines
    .map((line) => [line, line.x.indexOf(at)])
    .filter(([, place]) => place >= 0)
    .sort(([a, i], [b, j]) => b.mean[j] - a.mean[i])
    .map(([line, place]) => {
      const ends = `[${shown(line.low[place])}, ${shown(line.high[place])}]`;
      return [line.learner, `${REPORT.learners[line.learner]} ${shown(line.mean[place])} ${ends}`];
    });
}
function spoken(lines, labels) {
  const last = lines.map((line) => `${REPORT.learners[line.learner]} ${shown(line.mean.at(-1))}`);
  return `Lines of ${labels.y} over ${labels.x}, with 95 % intervals over seeds. At the end: ${last.join(", ") || "none shown"}.`;
}
const known = (line) => line.x.map((at, i) => [at, line.mean[i], line.low[i], line.high[i]]).filter((p) => p[1] !== null);

function band(box, line) {
  const points = known(line);
  const there = points.map(([at, , low]) => `${box.x(at).toFixed(1)},${box.y(low).toFixed(1)}`);
  const back = points.map(([at, , , high]) => `${box.x(at).toFixed(1)},${box.y(high).toFixed(1)}`).reverse();
  return svg("polygon", { points: [...there, ...back].join(" "), class: `${look(line.learner).colour} area` });
}
function stroke(box, line, place) {
  const { colour, dash } = look(line.learner);
  const points = known(line).map(([at, mean]) => [box.x(at), box.y(mean)]);
  const step = Math.max(1, Math.round(points.length / 6));
  const marks = points.filter((_, i) => (i + place) % step === 0 || points.length < 8);
  return [
    svg("polyline", { points: points.map((p) => p.map((v) => v.toFixed(1)).join(",")).join(" "), class: `${colour} stroke`, "stroke-width": 1.8, "stroke-dasharray": dash, "stroke-linejoin": "round" }),
    ...marks.map(([px, py]) => marker(line.learner, px, py, 3.6)),
  ];
}
