/* One point for each learner, with its seeds. */

function scatterChart({ title, points, visible, labels }) {
  const chosen = () => points.filter((p) => visible(p.learner) && p.x && p.y);
  const numbers = () => ({
    headers: ["learner", labels.x, labels.y],
    rows: chosen().map((p) => [REPORT.learners[p.learner], interval(p.x, 3), interval(p.y, 3)]),
  });
  function draw(width) {
    const own = chosen();
    const box = plane(width, Math.min(400, Math.max(260, width * 0.8)), { x: [-0.03, 1.03], y: [-0.03, 1.03] }, labels);
    box.root.append(svg("line", { class: "diagonal", x1: box.x(0), y1: box.y(0), x2: box.x(1), y2: box.y(1) }));
    for (const p of own) {
      for (const [sy, sx] of p.seeds) {
        if (sx !== null && sy !== null) box.root.append(marker(p.learner, box.x(sx), box.y(sy), 2.6, "light"));
      }
    }
    for (const p of own) box.root.append(...cross(box, p));
    const stops = own.map((p) => ({
      x: box.x(p.x[0]), y: box.y(p.y[0]), head: REPORT.learners[p.learner],
      lines: [[p.learner, `${labels.y} ${interval(p.y)}`], [null, `${labels.x} ${interval(p.x)}`], [null, `${p.seeds.length} seeds`]],
    })).sort((a, b) => a.x - b.x);
    const means = own.map((p) => `${REPORT.learners[p.learner]} ${fixed(p.x[0])} and ${fixed(p.y[0])}`);
    return { ...box, stops, mark: ring, flat: false, alt: `Means of ${labels.x} and ${labels.y}: ${means.join("; ") || "none shown"}.` };
  }
  return chart(title, draw, numbers);
}
function cross(box, { learner, x, y }) {
  const style = { class: `${look(learner).colour} stroke`, "stroke-width": 1.5 };
  return [
    svg("line", { ...style, x1: box.x(x[1]), x2: box.x(x[2]), y1: box.y(y[0]), y2: box.y(y[0]) }),
    svg("line", { ...style, x1: box.x(x[0]), x2: box.x(x[0]), y1: box.y(y[1]), y2: box.y(y[2]) }),
    marker(learner, box.x(x[0]), box.y(y[0]), 6),
  ];
}
