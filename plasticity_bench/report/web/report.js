// Generated from plasticity_bench/report/web/src by `npm run build`: do not edit.
// sha256 of the sources: af77cf3aef4da701d9350b8fdd012d89f5d026ca988aa511d89774d1e22a4803
// sha256 of the code below: 73161e8002a61205cd3d93d73b57fbd57a44b7b76423b3d2a545dad461039783
"use strict";
(() => {
  // plasticity_bench/report/web/src/data.js
  var REPORT = JSON.parse(document.getElementById("data").textContent);
  var STREAMS = REPORT.streams.map((_, index) => index);
  var SCORES = {
    trainability: "trainability",
    retained_plasticity: "retained plasticity",
    curvature_retention: "curvature retention"
  };
  var withMinusSign = (text) => text.replace("-", "−");
  var isMissing = (value) => value === null || value === void 0;
  function formatNumber(value, digits = 3) {
    if (isMissing(value)) return "n/a";
    const magnitude = Math.abs(value);
    const scientific = magnitude !== 0 && (magnitude < 1e-3 || magnitude >= 1e5);
    return withMinusSign(scientific ? value.toExponential(1) : String(Number(value.toPrecision(digits))));
  }
  function formatFixed(value, digits = 2) {
    if (isMissing(value)) return "n/a";
    const text = value.toFixed(digits);
    return withMinusSign(Number(text) === 0 ? text.replace("-", "") : text);
  }
  function formatInterval(bounds, digits = 2) {
    if (!bounds) return "n/a";
    const [mean, low, high] = bounds.map((value) => formatFixed(value, digits));
    return isMissing(bounds[1]) ? mean : `${mean} [${low}, ${high}]`;
  }
  var formatHyperparameter = (value) => typeof value === "number" ? formatNumber(value) : String(value);
  function formatValue(value) {
    if (isMissing(value)) return "none";
    if (Array.isArray(value)) return value.map(formatValue).join(", ");
    if (typeof value !== "object") return String(value);
    return Object.entries(value).map(([key, nested]) => `${key} ${formatValue(nested)}`).join(", ");
  }

  // plasticity_bench/report/web/src/dom.js
  var SVG_NAMESPACE = "http://www.w3.org/2000/svg";
  function build(node, attributes, children) {
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value === null || value === void 0 || value === false) continue;
      if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else node.setAttribute(key, value === true ? "" : String(value));
    }
    for (const child of children.flat()) {
      if (child !== null && child !== void 0) node.append(child);
    }
    return node;
  }
  var el = (name, attributes, ...children) => build(document.createElement(name), attributes, children);
  var svg = (name, attributes, ...children) => build(document.createElementNS(SVG_NAMESPACE, name), attributes, children);
  var breakable = (text) => text.split(/(?<=[_:,/-])/).flatMap((part) => [part, el("wbr", {})]).slice(0, -1);

  // plasticity_bench/report/web/src/axes.js
  var MARGIN = { left: 42, right: 12, top: 26, bottom: 40 };
  var SUPERSCRIPTS = { "-": "⁻", ...Array.from("⁰¹²³⁴⁵⁶⁷⁸⁹") };
  function linearTicks(low, high, count) {
    const roughStep = (high - low) / Math.max(1, count);
    const power = 10 ** Math.floor(Math.log10(roughStep));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= roughStep * 0.9);
    const values = [];
    for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++) values.push(n * step);
    return values;
  }
  function logTicks(low, high, count) {
    const powerOfTen = (exponent) => `10${String(exponent).replace(/[-\d]/g, (char) => SUPERSCRIPTS[char])}`;
    const decades = Math.floor(high) - Math.ceil(low);
    const step = Math.max(1, Math.ceil(decades / count));
    const ticks = [];
    for (let exponent = Math.floor(low); exponent <= high; exponent++) {
      for (let factor = 1; factor < 10; factor++) {
        const position = exponent + Math.log10(factor);
        if (position < low || position > high || factor > 1 && decades > 6) continue;
        let label = "";
        if (decades < 1) {
          if ([1, 2, 5].includes(factor)) label = formatNumber(factor * 10 ** exponent);
        } else if (factor === 1 && exponent % step === 0) {
          label = powerOfTen(exponent);
        }
        ticks.push([position, label]);
      }
    }
    return ticks;
  }
  function paddedDomain(values) {
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) {
      if (value === null) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (low > high) return [0, 1];
    if (low >= 0 && high <= 1 && high - low > 0.3) return [0, 1];
    const padding = (high - low) * 0.05 || Math.abs(high) * 0.1 || 1;
    return [low >= 0 ? Math.max(0, low - padding) : low - padding, high + padding];
  }
  var linearScale = ([low, high], start, end) => (value) => start + (value - low) / (high - low || 1) * (end - start);
  function plotArea(width, height, domain, labels, xTicks) {
    const [left, right, top, bottom] = [MARGIN.left, width - MARGIN.right, MARGIN.top, height - MARGIN.bottom];
    const x = linearScale(domain.x, left, right);
    const y = linearScale(domain.y, bottom, top);
    const root = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", focusable: "false" });
    for (const value of linearTicks(...domain.y, 5)) {
      root.append(
        svg("line", { class: "grid", x1: left, x2: right, y1: y(value), y2: y(value) }),
        svg("text", { x: left - 7, y: y(value) + 4, "text-anchor": "end" }, formatNumber(value))
      );
    }
    const count = (right - left) / 70;
    const ticks = xTicks ? xTicks(count) : linearTicks(...domain.x, count).map((value) => [value, formatNumber(value)]);
    for (const [value, label] of ticks) {
      root.append(svg("line", { class: "axis", x1: x(value), x2: x(value), y1: bottom, y2: bottom + (label ? 5 : 3) }));
      if (label) root.append(svg("text", { x: x(value), y: bottom + 17, "text-anchor": "middle" }, label));
    }
    root.append(
      svg("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }),
      svg("text", { x: (left + right) / 2, y: height - 5, "text-anchor": "middle", class: "title" }, labels.x),
      svg("text", { x: 0, y: 12, class: "title" }, labels.y)
    );
    return { root, x, y, width, top, bottom };
  }

  // plasticity_bench/report/web/src/encoding.js
  var NUM_COLOURS = 7;
  var MARKERS = {
    circle: (r) => `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
    square: (r) => `M${-r} ${-r}H${r}V${r}H${-r}Z`,
    triangle: (r) => `M0 ${-1.25 * r}L${1.2 * r} ${r}H${-1.2 * r}Z`,
    diamond: (r) => `M0 ${-1.4 * r}L${1.4 * r} 0L0 ${1.4 * r}L${-1.4 * r} 0Z`,
    triangleDown: (r) => `M0 ${1.25 * r}L${1.2 * r} ${-r}H${-1.2 * r}Z`,
    cross: (r) => `M${-r} ${-r}L${r} ${r}M${-r} ${r}L${r} ${-r}`,
    plus: (r) => `M${-1.3 * r} 0H${1.3 * r}M0 ${-1.3 * r}V${1.3 * r}`,
    pentagon: (r) => `M${-r} ${-0.45 * r}L0 ${-1.3 * r}L${r} ${-0.45 * r}L${0.7 * r} ${r}H${-0.7 * r}Z`
  };
  var STROKED_MARKERS = /* @__PURE__ */ new Set(["cross", "plus"]);
  var LEARNER_MARKERS = Object.keys(MARKERS).slice(1);
  var DASHES = ["", "7 3", "2 3", "8 3 2 3", "12 4"];
  function learnerEncoding(learner) {
    const index = REPORT.colours[learner];
    if (index === 0) return { colour: "k0", marker: "circle", dash: "5 3" };
    const cycle = Math.floor((index - 1) / NUM_COLOURS);
    return {
      colour: `k${1 + (index - 1) % NUM_COLOURS}`,
      marker: LEARNER_MARKERS[(index - 1 + cycle) % LEARNER_MARKERS.length],
      dash: DASHES[cycle % DASHES.length]
    };
  }
  function markerAt(x, y, { colour, marker, radius, className }) {
    return svg("path", {
      d: MARKERS[marker](radius),
      transform: `translate(${x} ${y})`,
      class: [colour, STROKED_MARKERS.has(marker) ? "open" : "mark", className].filter(Boolean).join(" ")
    });
  }
  function learnerSymbol(learner, width = 26) {
    const { colour, marker, dash } = learnerEncoding(learner);
    return svg(
      "svg",
      { width, height: 12, viewBox: `0 0 ${width} 12`, "aria-hidden": "true" },
      svg("line", { x1: 0, x2: width, y1: 6, y2: 6, class: `${colour} stroke`, "stroke-width": 2, "stroke-dasharray": dash }),
      markerAt(width / 2, 6, { colour, marker, radius: 4 })
    );
  }
  var learnerLabel = (learner) => el("span", { class: "name" }, learnerSymbol(learner, 18), el("span", {}, breakable(REPORT.learners[learner])));
  function divergingColour(bounds) {
    if (!bounds || bounds[0] === null || bounds[1] <= 0 && bounds[2] >= 0) return "";
    const strength = Math.max(1, Math.min(5, Math.ceil(Math.abs(bounds[0]) * 5)));
    return `heat-${bounds[0] > 0 ? "better" : "worse"} s${strength}`;
  }
  var colourKey = (better, worse) => el(
    "p",
    { class: "key" },
    [`blue, +: ${better}`, `orange, −: ${worse}`, "no colour: the interval holds 0"].map((text) => el("span", {}, text))
  );

  // plasticity_bench/report/web/src/controls.js
  var hiddenLearners = /* @__PURE__ */ new Set();
  var visibilityListeners = [];
  var isVisible = (learner) => !hiddenLearners.has(learner);
  function changeVisibility(change) {
    change();
    visibilityListeners.forEach((listener) => listener());
  }
  function legend() {
    const learners = REPORT.learners.map((_, index) => index);
    const toggle = (learner) => hiddenLearners.delete(learner) || hiddenLearners.add(learner);
    const button = (attributes, change, ...children) => el("button", { type: "button", ...attributes, onclick: () => changeVisibility(change) }, ...children);
    const entries = learners.map((learner) => button({}, () => toggle(learner), learnerSymbol(learner), REPORT.learners[learner]));
    const all = button({ class: "plain" }, () => hiddenLearners.clear(), "all");
    const none = button({ class: "plain" }, () => learners.forEach((learner) => hiddenLearners.add(learner)), "none");
    const update = () => entries.forEach((entry, learner) => entry.setAttribute("aria-pressed", String(isVisible(learner))));
    visibilityListeners.push(update);
    update();
    return el("div", { class: "legend", role: "group", "aria-label": "Learners shown" }, entries, all, none);
  }
  function select(label, options, selected, onchange) {
    const list = el(
      "select",
      { onchange: () => onchange(list.value) },
      options.map(([value, text]) => el("option", { value, selected: value === selected }, text))
    );
    return el("label", {}, label, list);
  }
  var streamOptions = (allText) => [
    ...allText ? [["all", allText]] : [],
    ...STREAMS.map((stream) => [String(stream), REPORT.streams[stream]])
  ];
  function figureGrid(build2, className) {
    const element = el("div", { class: className ? `panels ${className}` : "panels" });
    const update = () => element.replaceChildren(...build2());
    visibilityListeners.push(() => [...element.children].forEach((figure) => figure.redraw?.()));
    update();
    return { element, update };
  }

  // plasticity_bench/report/web/src/figure.js
  var HINT = "Arrow keys read the values.";
  function chartFigure(title, draw, values) {
    const tooltip = el("div", { class: "tip", hidden: true });
    const announcement = el("div", { class: "hidden", "aria-live": "polite" });
    const stage = el("div", { tabindex: 0, role: "img", class: "stage" });
    const figure = el("figure", {}, el("figcaption", {}, title), stage, tooltip, announcement, valueTable(title, values));
    let chart = null;
    let current = -1;
    let cursor = null;
    function redraw() {
      chart = draw(Math.max(240, Math.floor(stage.clientWidth)));
      stage.setAttribute("aria-label", `${title}. ${chart.description} ${HINT}`);
      stage.replaceChildren(chart.root);
      hide();
    }
    function show(index, announce) {
      current = index;
      const stop = chart.stops[index];
      if (!stop) return;
      if (cursor) cursor.remove();
      cursor = chart.cursor(stop);
      chart.root.append(cursor);
      tooltip.replaceChildren(
        el("strong", {}, stop.heading),
        ...stop.lines.map(([learner, text]) => el("div", {}, learner === null ? null : learnerSymbol(learner, 18), text))
      );
      tooltip.hidden = false;
      const left = stop.x > chart.width / 2 ? stop.x - tooltip.offsetWidth - 12 : stop.x + 12;
      tooltip.style.left = `${Math.max(0, Math.min(left, chart.width - tooltip.offsetWidth))}px`;
      tooltip.style.top = `${stage.offsetTop + 8}px`;
      if (announce) announcement.textContent = `${stop.heading}: ${stop.lines.map(([, text]) => text).join("; ")}`;
    }
    function hide() {
      tooltip.hidden = true;
      current = -1;
      if (cursor) cursor.remove();
      cursor = null;
    }
    function nearestStop(event) {
      const box = chart.root.getBoundingClientRect();
      const [x, y] = [event.clientX - box.left, event.clientY - box.top];
      let nearest = -1;
      let least = Infinity;
      chart.stops.forEach((stop, index) => {
        const distance = chart.byColumn ? Math.abs(stop.x - x) : Math.hypot(stop.x - x, stop.y - y);
        if (distance < least) [nearest, least] = [index, distance];
      });
      return nearest;
    }
    function onKey(event) {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      const last = chart.stops.length - 1;
      if (event.key === "Escape") return hide();
      if (event.key === "Home") show(0, true);
      else if (event.key === "End") show(last, true);
      else if (step) show(Math.max(0, Math.min(last, current < 0 && step < 0 ? last : current + step)), true);
      else return;
      event.preventDefault();
    }
    stage.addEventListener("pointermove", (event) => show(nearestStop(event), false));
    stage.addEventListener("pointerdown", (event) => show(nearestStop(event), false));
    stage.addEventListener("pointerleave", hide);
    stage.addEventListener("blur", hide);
    stage.addEventListener("keydown", onKey);
    let width = 0;
    new ResizeObserver(() => {
      if (stage.clientWidth !== width) {
        width = stage.clientWidth;
        requestAnimationFrame(redraw);
      }
    }).observe(stage);
    return Object.assign(figure, { redraw });
  }
  var pointCursor = (stop) => svg("circle", { cx: stop.x, cy: stop.y, r: 10, fill: "none", class: "cursor" });
  function valueTable(title, values) {
    const details = el("details", {}, el("summary", {}, "Numbers", el("span", { class: "hidden" }, ` of ${title}`)));
    details.addEventListener("toggle", () => {
      if (!details.open) {
        details.querySelector(".scroll")?.remove();
        return;
      }
      const { headers, rows } = values();
      details.append(el(
        "div",
        { class: "scroll", tabindex: 0, role: "region", "aria-label": `Numbers of ${title}` },
        el(
          "table",
          {},
          el("thead", {}, el("tr", {}, headers.map((text) => el("th", { scope: "col" }, text)))),
          el("tbody", {}, rows.map(([first, ...rest]) => el("tr", {}, el("th", { scope: "row" }, first), rest.map((text) => el("td", {}, text)))))
        )
      ));
    });
    return details;
  }

  // plasticity_bench/report/web/src/charts.js
  var pixel = (value) => value.toFixed(1);
  var polylinePoints = (points) => points.map(([x, y]) => `${pixel(x)},${pixel(y)}`).join(" ");
  function lineChart({ title, series, labels, domain, heading }) {
    const visibleSeries = () => series.filter((one) => isVisible(one.learner));
    const values = () => ({
      headers: ["learner", labels.x, "mean", "low", "high"],
      rows: visibleSeries().flatMap(({ learner, x, mean, low, high }) => x.map((value, i) => [REPORT.learners[learner], formatNumber(value), ...[mean, low, high].map((list) => formatNumber(list[i], 4))]))
    });
    function draw(width) {
      const shown = visibleSeries();
      const allX = series.flatMap((one) => one.x);
      const plot = plotArea(
        width,
        Math.min(320, Math.max(220, width * 0.62)),
        { x: domain.x || [Math.min(...allX), Math.max(...allX)], y: domain.y },
        labels
      );
      shown.forEach((one) => plot.root.append(band(plot, one)));
      shown.forEach((one, index) => plot.root.append(...lineWithMarkers(plot, one, index)));
      const shownX = [...new Set(shown.flatMap((one) => one.x))].sort((a, b) => a - b);
      return {
        ...plot,
        stops: shownX.map((value) => ({ x: plot.x(value), heading: heading(value), lines: tooltipLines(shown, value) })),
        cursor: (stop) => svg("line", { class: "cursor", x1: stop.x, x2: stop.x, y1: plot.top, y2: plot.bottom }),
        byColumn: true,
        description: describeLines(shown, labels)
      };
    }
    return chartFigure(title, draw, values);
  }
  function tooltipLines(series, x) {
    return series.map((one) => [one, one.x.indexOf(x)]).filter(([, index]) => index >= 0).sort(([a, i], [b, j]) => b.mean[j] - a.mean[i]).map(([{ learner, mean, low, high }, index]) => {
      const interval = low[index] === null ? "" : `[${formatNumber(low[index])}, ${formatNumber(high[index])}]`;
      return [learner, `${REPORT.learners[learner]} ${formatNumber(mean[index])} ${interval}`];
    });
  }
  function describeLines(series, labels) {
    const last = series.map((one) => `${REPORT.learners[one.learner]} ${formatNumber(one.mean.at(-1))}`);
    return `Lines of ${labels.y} over ${labels.x}, with 95 % intervals over seeds. At the end: ${last.join(", ") || "none shown"}.`;
  }
  var definedPoints = (series) => series.x.map((x, i) => ({ x, mean: series.mean[i], low: series.low[i], high: series.high[i] })).filter((point) => point.mean !== null);
  function band(plot, series) {
    const points = definedPoints(series).filter((point) => point.low !== null);
    const lower = points.map(({ x, low }) => [plot.x(x), plot.y(low)]);
    const upper = points.map(({ x, high }) => [plot.x(x), plot.y(high)]).reverse();
    const { colour } = learnerEncoding(series.learner);
    return svg("polygon", { points: polylinePoints([...lower, ...upper]), class: `${colour} area` });
  }
  function lineWithMarkers(plot, series, index) {
    const { colour, marker, dash } = learnerEncoding(series.learner);
    const points = definedPoints(series).map(({ x, mean }) => [plot.x(x), plot.y(mean)]);
    const step = Math.max(1, Math.round(points.length / 6));
    const marked = points.filter((_, i) => (i + index) % step === 0 || points.length < 8);
    return [
      svg("polyline", {
        points: polylinePoints(points),
        class: `${colour} stroke`,
        "stroke-width": 1.8,
        "stroke-dasharray": dash,
        "stroke-linejoin": "round"
      }),
      ...marked.map(([x, y]) => markerAt(x, y, { colour, marker, radius: 3.6 }))
    ];
  }
  function scatterChart({ title, points, labels }) {
    const visiblePoints = () => points.filter((point) => isVisible(point.learner) && point.x && point.y);
    const values = () => ({
      headers: ["learner", labels.x, labels.y],
      rows: visiblePoints().map(({ learner, x, y }) => [REPORT.learners[learner], formatInterval(x, 3), formatInterval(y, 3)])
    });
    function draw(width) {
      const shown = visiblePoints();
      const domain = (axis) => paddedDomain([0, 1, ...shown.flatMap((point) => point[axis])]);
      const plot = plotArea(width, Math.min(400, Math.max(260, width * 0.8)), { x: domain("x"), y: domain("y") }, labels);
      plot.root.append(svg("line", { class: "diagonal", x1: plot.x(0), y1: plot.y(0), x2: plot.x(1), y2: plot.y(1) }));
      for (const { learner, seeds } of shown) {
        const { colour, marker } = learnerEncoding(learner);
        for (const [y, x] of seeds) {
          if (x === null || y === null) continue;
          plot.root.append(markerAt(plot.x(x), plot.y(y), { colour, marker, radius: 2.6, className: "light" }));
        }
      }
      for (const point of shown) plot.root.append(...pointWithErrorBars(plot, point));
      const stops = shown.map(({ learner, x, y, seeds }) => ({
        x: plot.x(x[0]),
        y: plot.y(y[0]),
        heading: REPORT.learners[learner],
        lines: [
          [learner, `${labels.y} ${formatInterval(y)}`],
          [null, `${labels.x} ${formatInterval(x)}`],
          [null, `${seeds.length} seeds`]
        ]
      })).sort((a, b) => a.x - b.x);
      const means = shown.map(({ learner, x, y }) => `${REPORT.learners[learner]} ${formatFixed(x[0])} and ${formatFixed(y[0])}`);
      return {
        ...plot,
        stops,
        cursor: pointCursor,
        byColumn: false,
        description: `Means of ${labels.x} and ${labels.y}: ${means.join("; ") || "none shown"}.`
      };
    }
    return chartFigure(title, draw, values);
  }
  function pointWithErrorBars(plot, { learner, x, y }) {
    const { colour, marker } = learnerEncoding(learner);
    const style = { class: `${colour} stroke`, "stroke-width": 1.5 };
    const centre = [plot.x(x[0]), plot.y(y[0])];
    const bars = x[1] === null || y[1] === null ? [] : [
      svg("line", { ...style, x1: plot.x(x[1]), x2: plot.x(x[2]), y1: centre[1], y2: centre[1] }),
      svg("line", { ...style, x1: centre[0], x2: centre[0], y1: plot.y(y[1]), y2: plot.y(y[2]) })
    ];
    return [...bars, markerAt(...centre, { colour, marker, radius: 6 })];
  }

  // plasticity_bench/report/web/src/tables.js
  var classNames = (...names) => names.filter(Boolean).join(" ") || null;
  var scrollable = (label, table) => el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label }, table);
  function sortableTable({ label, caption, columns, rows, sort, filter = () => true }) {
    let order = sort;
    const body = el("tbody", {});
    const count = el("span", {});
    const headers = columns.map((column, index) => el(
      "th",
      { scope: "col", class: classNames(column.numeric && "number", index === 0 && "stick") },
      el("button", { type: "button", title: column.title, onclick: () => sortBy(column) }, breakable(column.name))
    ));
    const table = el(
      "table",
      {},
      el("caption", {}, el("span", {}, caption, " ", count)),
      el("thead", {}, el("tr", {}, headers)),
      body
    );
    function sortBy(column) {
      const descending = order.column === column.name ? !order.descending : Boolean(column.numeric && !column.lowestFirst);
      order = { column: column.name, descending };
      update();
    }
    function compare(rowA, rowB, column) {
      const [a, b] = [column.value(rowA), column.value(rowB)];
      if (isMissing(a) || isMissing(b)) return isMissing(a) - isMissing(b);
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
      body.replaceChildren(...shown.map((row) => el("tr", {}, columns.map((column, index) => cell(column, index, row)))));
    }
    update();
    return { element: scrollable(label, table), update };
  }
  function plainTable(headers, rows, label, className) {
    return scrollable(label, el(
      "table",
      { class: className },
      el("thead", {}, el("tr", {}, headers.map((text, index) => el("th", { scope: "col", class: index ? null : "stick" }, breakable(text))))),
      el("tbody", {}, rows)
    ));
  }
  var intervalCell = (bounds) => el("span", { class: "name" }, formatInterval(bounds), bounds ? errorBar(bounds) : null);
  function errorBar([mean, low, high]) {
    const [width, x] = [48, (value) => 4 + 40 * Math.min(1.05, Math.max(-0.05, value))];
    return svg(
      "svg",
      { class: "whisker k0", width, height: 12, viewBox: `0 0 ${width} 12`, "aria-hidden": "true" },
      svg("line", { class: "axis", x1: x(0), x2: x(1), y1: 6, y2: 6 }),
      isMissing(low) ? null : svg("line", { class: "stroke", "stroke-width": 2, x1: x(low), x2: x(high), y1: 6, y2: 6 }),
      svg("circle", { class: "mark", cx: x(mean), cy: 6, r: 4 })
    );
  }

  // plasticity_bench/report/web/src/measurements.js
  var measurementLabel = (name) => name.startsWith("fisher_srank99_n") ? `curvature rank (${name})` : name;
  var initialStream = () => REPORT.streams.length > 6 ? "0" : "all";
  function measurementCharts(measurementOf, selected) {
    const streams = selected === "all" ? STREAMS : [Number(selected)];
    const rows = REPORT.curves.filter((row) => streams.includes(row.stream) && row.measurement === measurementOf(row.stream));
    const domain = (measurement) => paddedDomain(rows.filter((row) => row.measurement === measurement).flatMap((row) => [...row.low, ...row.high]));
    const charts = streams.map((stream) => {
      const own = rows.filter((row) => row.stream === stream);
      if (!own.length) return null;
      const { measurement } = own[0];
      return lineChart({
        title: REPORT.streams[stream],
        labels: { x: "task", y: measurementLabel(REPORT.measurements[measurement]) },
        series: own.map(({ learner, tasks, mean, low, high }) => ({ learner, x: tasks, mean, low, high })),
        domain: { y: domain(measurement) },
        heading: (task) => `task ${task}`
      });
    }).filter(Boolean);
    return charts.length ? charts : [el("p", { class: "quiet" }, "Nothing was measured here.")];
  }
  function curveSection() {
    let stream = initialStream();
    const figures = figureGrid(() => measurementCharts((index) => REPORT.about[index].attainment, stream));
    return [
      el("p", {}, "How well each task was learnt by its end. Bands are 95 % intervals over seeds, of those that did not diverge."),
      el("div", { class: "controls" }, select("Stream", streamOptions("every stream"), stream, (value) => {
        stream = value;
        figures.update();
      })),
      legend(),
      figures.element
    ];
  }
  function measurementSection() {
    let [stream, measurement] = [initialStream(), String(REPORT.about[0].curvature)];
    const figures = figureGrid(() => measurementCharts(() => Number(measurement), stream));
    const options = REPORT.measurements.map((name, index) => [String(index), measurementLabel(name)]);
    return [
      el("p", {}, "The network at each task’s start; what is measured at a task’s end too is shown as it was then."),
      el(
        "div",
        { class: "controls" },
        select("Measurement", options, measurement, (value) => {
          measurement = value;
          figures.update();
        }),
        select("Stream", streamOptions("every stream"), stream, (value) => {
          stream = value;
          figures.update();
        })
      ),
      legend(),
      figures.element
    ];
  }
  function explanationSection() {
    const correlation = (name, title, bounds) => ({
      name,
      title,
      numeric: true,
      value: (row) => bounds(row) ? Math.abs(bounds(row)[0]) : null,
      cell: (row) => formatInterval(bounds(row)),
      colour: (row) => divergingColour(bounds(row))
    });
    const correlations = [
      correlation("within runs", "over the tasks of one run; not for the reference", (row) => row.within),
      correlation("across learners", "over the learners, at the same task", (row) => row.learners),
      correlation("across streams", "over the streams, for the same learner", (row) => row.streams)
    ];
    const singleStreams = REPORT.streams.length > 1 && REPORT.streams.length <= 8 ? STREAMS : [];
    const columns = [
      { name: "measurement", title: "sort by name", value: (row) => row.name, cell: (row) => el("code", {}, breakable(row.name)) },
      ...correlations.filter((column) => REPORT.explanations.some((row) => column.value(row) !== null)),
      {
        name: "holds",
        title: "streams in which it has the commoner sign within runs",
        numeric: true,
        value: (row) => row.holds,
        cell: (row) => `${row.holds}/${REPORT.streams.length}`
      },
      ...singleStreams.map((stream) => correlation(`within: ${REPORT.streams[stream]}`, "within runs of this stream", (row) => row.within_stream[stream]))
    ];
    const table = sortableTable({
      label: "Explanations",
      caption: "Spearman’s rank correlation with end-of-task accuracy, 95 % intervals over seeds. Columns sort by strength.",
      columns,
      rows: REPORT.explanations,
      sort: { column: "", descending: true }
    });
    return [
      el("p", {}, "Which measurements at a task’s start predict how well it is then learnt? The first task is left out. A correlation is not a cause: explanations differ in where they fail."),
      colourKey("more goes with better", "more goes with worse"),
      table.element
    ];
  }

  // plasticity_bench/report/web/src/provenance.js
  var STATUSES = ["complete", "diverged", "failed", "running", "begun", "damaged", "missing"];
  function runSection() {
    const statuses = STATUSES.filter((status) => status === "complete" || REPORT.status.some((row) => row.counts[status]));
    const total = (row) => Object.values(row.counts).reduce((a, b) => a + b, 0);
    const isUnfinished = (row) => total(row) > row.counts.complete + row.counts.diverged;
    const table = sortableTable({
      label: "Runs",
      caption: "Runs (one stream × one learner × one seed) by what became of them.",
      columns: [
        { name: "learner", title: "sort by learner", value: (row) => row.learner, cell: (row) => row.learner },
        { name: "stream", title: "sort by stream", value: (row) => row.stream, cell: (row) => row.stream },
        ...statuses.map((status) => ({
          name: status,
          title: status,
          numeric: true,
          value: (row) => row.counts[status],
          cell: (row) => String(row.counts[status] || "")
        })),
        { name: "of", title: "asked for", numeric: true, value: total, cell: (row) => String(total(row)) },
        ...REPORT.status.some((row) => row.error) ? [{ name: "error", title: "of one that failed", value: (row) => row.error || null, cell: (row) => row.error }] : []
      ],
      rows: REPORT.status,
      sort: { column: "", descending: false }
    });
    return [
      ...REPORT.status_sentences.slice(-1).map((text) => el("p", {}, text)),
      el("details", { open: REPORT.status.some(isUnfinished) }, el("summary", {}, "Every stream and learner"), table.element),
      REPORT.status_sentences.length > 1 ? el("ul", {}, REPORT.status_sentences.slice(0, -1).map((text) => el("li", {}, text))) : null
    ];
  }
  var descriptionList = (pairs) => el("dl", {}, pairs.filter(([, text]) => text !== null && text !== "").flatMap(([term, text]) => [el("dt", {}, term), el("dd", {}, text)]));
  function settingSection() {
    const streamNames = ({ streams }) => streams.length === REPORT.streams.length ? "all" : streams.map((stream) => REPORT.streams[stream]).join(", ");
    const rows = REPORT.settings.map((row) => el(
      "tr",
      {},
      el("th", { scope: "row", class: "stick" }, breakable(REPORT.learners[row.learner])),
      el("td", { class: "wrap" }, streamNames(row)),
      el("td", { class: "wrap" }, formatValue(row.hyperparameters) || "none"),
      el("td", {}, el("code", {}, row.class_name)),
      el("td", {}, el("code", { title: row.source }, row.source.slice(0, 12)))
    ));
    return [
      plainTable(["learner", "streams", "hyperparameters", "class", "source (sha256)"], rows, "Settings of learners"),
      ...REPORT.about.map((about, stream) => el(
        "details",
        {},
        el("summary", {}, `Stream ${REPORT.streams[stream]}`),
        descriptionList([
          ["id", about.id],
          ["parameters", formatValue(about.parameters)],
          ["network", formatValue(about.network)],
          ["protocol", formatValue(about.protocol)],
          ["scored tasks", formatValue(about.scored_tasks)],
          ["data and code", about.fingerprint]
        ])
      ))
    ];
  }
  function provenanceSection() {
    const { seeds } = REPORT;
    const isRange = seeds.length > 2 && seeds.at(-1) - seeds[0] === seeds.length - 1;
    return [
      el("h3", {}, "Run it again"),
      REPORT.commands.length ? el("pre", { tabindex: 0, "aria-label": "Commands" }, REPORT.commands.join("\n")) : el("p", {}, "The results do not record the command that made them."),
      descriptionList([
        ["suite", REPORT.suite],
        ["suite’s hash", REPORT.suite_hash],
        ["seeds", isRange ? `${seeds[0]} to ${seeds.at(-1)}` : seeds.join(", ")],
        ["reference", REPORT.learners[REPORT.reference]],
        ["computing time", `${formatFixed(REPORT.seconds / 60, 1)} minutes, all runs together`],
        ["report made", `${REPORT.made_at}, by plasticity-bench ${REPORT.version}`]
      ]),
      el("h3", {}, "Computed by"),
      ...REPORT.machines.map(machineList)
    ];
  }
  function machineList({ runs, environment, execution }) {
    const { packages, git, ...others } = environment;
    return descriptionList([
      ["runs", String(runs)],
      ["versions", formatValue(packages)],
      ["git commit", git ? `${git.commit}${git.dirty ? ", with changes" : ""}` : "none"],
      ...Object.entries(others).map(([key, value]) => [key, formatValue(value)]),
      ["execution", formatValue(execution)]
    ]);
  }

  // plasticity_bench/report/web/src/scores.js
  function scoreSection() {
    let [search, selected] = ["", ""];
    const streamName = (row) => row.stream === null ? "mean over streams" : REPORT.streams[row.stream];
    const filter = (row) => REPORT.learners[row.learner].toLowerCase().includes(search) && (!selected || String(row.stream) === selected);
    const table = sortableTable({
      label: "Scores",
      caption: "Means over seeds with 95 % intervals; trainability is relative to a fresh, tuned network (1), the two retentions to the learner’s own fresh copy (1). Learners of one rank do not differ significantly from one another, corrected for all pairs; the reference has none, nor has a learner that lacks seeds.",
      columns: scoreColumns(streamName),
      rows: REPORT.scores,
      sort: { column: "", descending: false },
      filter
    });
    const input = el("input", {
      type: "search",
      id: "filter",
      placeholder: "part of a name",
      oninput: () => {
        search = input.value.toLowerCase();
        table.update();
      }
    });
    const options = [
      ["", "every stream"],
      ...REPORT.streams.length > 1 ? [["null", "mean over streams"]] : [],
      ...streamOptions()
    ];
    return [
      el(
        "div",
        { class: "controls" },
        el("label", {}, "Learner", input),
        select("Stream", options, "", (value) => {
          selected = value;
          table.update();
        })
      ),
      table.element
    ];
  }
  function scoreColumns(streamName) {
    const score = (key, title) => ({
      name: SCORES[key],
      title,
      numeric: true,
      value: (row) => row[key] ? row[key][0] : null,
      cell: (row) => intervalCell(row[key])
    });
    const number = (key, title, format, name = key) => ({
      name,
      title,
      numeric: true,
      value: (row) => row[key],
      cell: (row) => format(row[key])
    });
    return [
      {
        name: "learner",
        title: "sort by learner",
        sublabel: streamName,
        value: (row) => REPORT.learners[row.learner],
        cell: (row) => learnerLabel(row.learner)
      },
      { name: "stream", title: "sort by stream", value: streamName, cell: streamName },
      {
        name: "rank",
        title: "by mean trainability on the stream or on all, with the 95 % interval of the position",
        numeric: true,
        lowestFirst: true,
        value: ({ rank }) => rank ? rank[0] : null,
        cell: ({ rank }) => rank ? `${rank[0]} [${rank[1]}, ${rank[2]}]` : "–"
      },
      score("trainability", "accuracy on the last tasks: chance is 0, a fresh, tuned network 1"),
      score("retained_plasticity", "accuracy on the last tasks: chance is 0, the learner's own fresh copy 1"),
      score("curvature_retention", "curvature rank on the last tasks: a dead network is 0, the learner's own fresh copy 1"),
      number("accuracy", "mean end-of-task accuracy over the scored tasks; of regression, R squared", (value) => formatFixed(value, 3)),
      number("curvature", "mean curvature rank over the scored tasks", (value) => formatFixed(value, 1), "curvature rank"),
      {
        name: "seeds",
        title: "finished seeds that the reference has too",
        numeric: true,
        value: (row) => row.seeds.length,
        cell: (row) => String(row.seeds.length)
      },
      ...REPORT.scores.some((row) => row.diverged) ? [number("diverged", "seeds whose loss was no longer finite; each scores 0", String)] : [],
      number("seconds", "mean wall time of a seed", (value) => formatFixed(value, 2), "seconds per seed")
    ];
  }
  function scatterSection() {
    const figures = figureGrid(() => STREAMS.map((stream) => scatterChart({
      title: REPORT.streams[stream],
      labels: { x: SCORES.curvature_retention, y: SCORES.trainability },
      points: REPORT.scores.filter((row) => row.stream === stream).map((row) => ({ learner: row.learner, x: row.curvature_retention, y: row.trainability, seeds: row.points }))
    })));
    return [
      el("p", {}, "If plasticity goes with curvature, learners that keep the directions of curvature of their own fresh copies are more trainable. Strong marks are means with 95 % intervals, light marks single seeds."),
      legend(),
      figures.element
    ];
  }
  function profileSection() {
    let score = "trainability";
    const streams = REPORT.streams.length > 1 ? [null, ...STREAMS] : STREAMS;
    const chart = (stream) => {
      const rows = REPORT.profiles.filter((row) => row.stream === stream && row.score === score);
      return rows.length ? lineChart({
        title: stream === null ? "all streams" : REPORT.streams[stream],
        labels: { x: `${SCORES[score]} τ`, y: "share of runs above τ" },
        series: rows.map(({ learner, thresholds, share, low, high }) => ({ learner, x: thresholds, mean: share, low, high })),
        domain: { x: null, y: [0, 1] },
        heading: (threshold) => `τ = ${formatFixed(threshold)}`
      }) : null;
    };
    const figures = figureGrid(() => streams.map(chart).filter(Boolean));
    return [
      el("p", {}, "The share of runs (streams × seeds) that score more than τ: a line above another is better at every level. Bands are 95 % intervals over seeds."),
      el("div", { class: "controls" }, select("Score", Object.entries(SCORES), score, (value) => {
        score = value;
        figures.update();
      })),
      legend(),
      figures.element
    ];
  }
  function differenceSection() {
    const several = REPORT.streams.length > 1;
    let [score, selected] = ["trainability", several ? "all" : "0"];
    const container = el("div", {});
    function update() {
      const stream = selected === "all" ? null : Number(selected);
      const pairs = REPORT.pairs.filter((pair) => pair.stream === stream && pair.score === score);
      const inPairs = new Set(pairs.flatMap((pair) => [pair.learner, pair.other]));
      const learners = REPORT.learners.map((_, index) => index).filter((learner) => inPairs.has(learner));
      const rows = learners.map((learner) => el(
        "tr",
        {},
        el("th", { scope: "row", class: "stick" }, learnerLabel(learner)),
        learners.map((other) => differenceCell(pairs, learner, other))
      ));
      container.replaceChildren(learners.length ? plainTable(["", ...learners.map((learner) => REPORT.learners[learner])], rows, "Paired differences", "matrix") : el("p", { class: "quiet" }, "No two learners share two seeds here."));
    }
    update();
    return [
      el("p", {}, "How much more the learner of the row scores than that of the column, on the seeds that both have: mean and 95 % interval. A star: p < 0.05 by a sign-flip test, corrected for all pairs shown."),
      colourKey("the row is better", "the row is worse"),
      el(
        "div",
        { class: "controls" },
        select("Score", Object.entries(SCORES), score, (value) => {
          score = value;
          update();
        }),
        select("Stream", streamOptions(several ? "all streams" : null), selected, (value) => {
          selected = value;
          update();
        })
      ),
      container
    ];
  }
  function differenceCell(pairs, learner, other) {
    const small = (text) => el("td", { class: "small" }, text);
    if (learner === other) return small("·");
    const find = (one, two) => pairs.find((pair2) => pair2.learner === one && pair2.other === two);
    const pair = find(learner, other) || find(other, learner);
    if (!pair) return small("n/a");
    const [mean, low, high] = pair.difference;
    const bounds = pair.learner === learner ? [mean, low, high] : [-mean, -high, -low];
    const significant = pair.p_value !== null && pair.p_value < 0.05;
    const digits = Math.abs(mean) < 0.01 ? 3 : 2;
    const [meanText, lowText, highText] = bounds.map((value) => formatFixed(value, digits));
    const title = `${pair.seeds} seeds, p = ${formatNumber(pair.p_value, 2)}${pair.too_few ? " (too few seeds)" : ""}`;
    return el(
      "td",
      { class: divergingColour(bounds) || null, title },
      `${bounds[0] > 0 ? "+" : ""}${meanText}${significant ? " ★" : ""}`,
      el("span", { class: "small" }, `[${lowText}, ${highText}]`)
    );
  }

  // plasticity_bench/report/web/src/sensitivity.js
  var TARGETS = { ...SCORES, retention: "curvature rank to the reference’s", attained: "attained accuracy" };
  var KINDS = {
    tried: { colour: "k1", marker: "circle", radius: 3.2, text: "tried" },
    diverged: { colour: "k1", marker: "cross", radius: 3.2, text: "tried, with diverged members" },
    chosen: { colour: "k2", marker: "square", radius: 4.5, text: "chosen" }
  };
  function kindOf(tried) {
    if (tried.chosen) return KINDS.chosen;
    return tried.diverged ? KINDS.diverged : KINDS.tried;
  }
  function sensitivitySection() {
    let [learner, hyperparameter] = ["all", "all"];
    const { searches } = REPORT;
    const pairs = searches.flatMap((search) => Object.keys(search.tried[0]?.setting || {}).map((name) => [search, name]));
    const options = (allText, names) => [["all", allText], ...[...new Set(names)].map((name) => [name, name])];
    const isSelected = ([search, name]) => (learner === "all" || search.learner === learner) && (hyperparameter === "all" || name === hyperparameter);
    const figures = figureGrid(
      () => pairs.filter(isSelected).map(([search, name]) => sensitivityChart(search, name)),
      "small-panels"
    );
    const unfinished = searches.filter((search) => search.unfinished).map((search) => `${search.learner}: ${search.unfinished} more, of which some seeds have no result`);
    const seeds = [...new Set(searches.map((search) => search.seeds))].sort((a, b) => a - b).join(" or ");
    return [
      el("p", {}, `Every setting that was tried for the whole length: means with 95 % intervals over the ${seeds} seeds of the search, which are not scored otherwise. Settings with the same value of one hyperparameter differ in others.`),
      unfinished.length ? el("p", { class: "quiet" }, `${unfinished.join("; ")}.`) : null,
      searches.some((search) => search.score === "attained") ? el("p", { class: "quiet" }, "Of the reference: accuracy between chance (0) and 1, for its score against itself is always 1.") : null,
      el(
        "div",
        { class: "controls" },
        select("Learner", options("every learner", pairs.map(([search]) => search.learner)), learner, (value) => {
          learner = value;
          figures.update();
        }),
        select("Hyperparameter", options("every hyperparameter", pairs.map(([, name]) => name)), hyperparameter, (value) => {
          hyperparameter = value;
          figures.update();
        })
      ),
      kindLegend(),
      figures.element
    ];
  }
  function kindLegend() {
    const present = new Set(REPORT.searches.flatMap((search) => search.tried.map(kindOf)));
    return el("p", { class: "key" }, Object.values(KINDS).filter((kind) => present.has(kind)).map((kind) => el("span", { class: "name" }, svg("svg", { width: 12, height: 12, "aria-hidden": "true" }, markerAt(6, 6, kind)), kind.text)));
  }
  function hyperparameterAxis(search, name) {
    const values = [...new Set(search.tried.map(({ setting }) => setting[name]))].sort((a, b) => a < b ? -1 : 1);
    const scale = search.scales[name];
    const position = { log: Math.log10, choice: (value) => values.indexOf(value) }[scale] || Number;
    const positions = values.map(position);
    const [low, high] = [Math.min(...positions), Math.max(...positions)];
    const padding = (high - low) * 0.08 || 0.5;
    const domain = [low - padding, high + padding];
    const ticks = {
      log: (count) => logTicks(...domain, count),
      choice: () => values.map((value, index) => [index, formatHyperparameter(value)])
    }[scale];
    return { position, domain, ticks };
  }
  function sensitivityChart(search, name) {
    const axis = hyperparameterAxis(search, name);
    const label = TARGETS[search.score];
    const position = (tried) => axis.position(tried.setting[name]);
    const byPosition = [...search.tried].sort((a, b) => position(a) - position(b));
    const bounds = (tried) => tried.interval || [tried.score, tried.score];
    const yDomain = [
      Math.min(0, ...search.tried.map((tried) => bounds(tried)[0])) - 0.03,
      Math.max(1, ...search.tried.map((tried) => bounds(tried)[1])) + 0.03
    ];
    const values = () => ({
      headers: [name, label, "low", "high", "diverged", "chosen"],
      rows: byPosition.map(({ setting, score, interval, diverged, chosen }) => [
        formatHyperparameter(setting[name]),
        ...[score, interval?.[0], interval?.[1]].map((value) => formatFixed(value, 3)),
        String(diverged),
        chosen ? "yes" : ""
      ])
    });
    function draw(width) {
      const plot = plotArea(width, 220, { x: axis.domain, y: yDomain }, { x: name, y: label }, axis.ticks);
      const [x, y] = [(tried) => plot.x(position(tried)), (tried) => plot.y(tried.score)];
      if (Object.keys(byPosition[0].setting).length === 1) {
        const points = byPosition.map((tried) => `${x(tried).toFixed(1)},${y(tried).toFixed(1)}`).join(" ");
        plot.root.append(svg("polyline", { points, class: "k1 stroke light" }));
      }
      for (const tried of [...byPosition].sort((a, b) => a.chosen - b.chosen)) {
        const [kind, [low, high]] = [kindOf(tried), bounds(tried)];
        plot.root.append(
          svg("line", { class: `${kind.colour} stroke`, "stroke-width": 1.5, x1: x(tried), x2: x(tried), y1: plot.y(low), y2: plot.y(high) }),
          markerAt(x(tried), y(tried), kind)
        );
      }
      const stops = byPosition.map((tried) => ({
        x: x(tried),
        y: y(tried),
        heading: settingHeading(label, tried),
        lines: settingLines(tried)
      }));
      const chosen = byPosition.filter((tried) => tried.chosen).map((tried) => `${formatHyperparameter(tried.setting[name])} with ${formatFixed(tried.score)}`);
      return {
        ...plot,
        stops,
        cursor: pointCursor,
        byColumn: false,
        description: `${label} of ${byPosition.length} settings over ${name}. Chosen: ${chosen.join(", ") || "none"}.`
      };
    }
    return chartFigure(`${search.learner}: ${name}`, draw, values);
  }
  function settingHeading(label, { score, interval, chosen }) {
    const bounds = interval ? ` [${formatFixed(interval[0])}, ${formatFixed(interval[1])}]` : "";
    return `${label} ${formatFixed(score)}${bounds}${chosen ? ", chosen" : ""}`;
  }
  var settingLines = ({ setting, diverged }) => [
    ...Object.entries(setting).map(([name, value]) => [null, `${name} ${formatHyperparameter(value)}`]),
    ...diverged ? [[null, `${diverged} diverged`]] : []
  ];

  // plasticity_bench/report/web/src/main.js
  var THEME_KEY = "plasticity-bench-theme";
  var SECTIONS = [
    ["scores", "Scores", scoreSection, true],
    ["scatter", "Trainability and curvature", scatterSection, true],
    ["curves", "Learning curves", curveSection, REPORT.curves.length > 0],
    ["measurements", "Measurements", measurementSection, REPORT.curves.length > 0],
    ["profiles", "Performance profiles", profileSection, REPORT.profiles.length > 0],
    ["differences", "Paired differences", differenceSection, REPORT.pairs.length > 0],
    ["explanations", "Explanations", explanationSection, REPORT.explanations.length > 0],
    ["sensitivity", "Sensitivity", sensitivitySection, REPORT.searches.some((search) => search.tried.length)],
    ["runs", "Runs", runSection, true],
    ["settings", "Settings", settingSection, true],
    ["provenance", "Provenance", provenanceSection, true]
  ];
  function initTheme() {
    const button = document.getElementById("theme");
    const system = matchMedia("(prefers-color-scheme: dark)");
    let chosen = null;
    try {
      chosen = localStorage.getItem(THEME_KEY);
    } catch {
    }
    function apply() {
      const dark = chosen ? chosen === "dark" : system.matches;
      document.documentElement.dataset.theme = dark ? "dark" : "light";
      button.setAttribute("aria-pressed", String(dark));
    }
    button.addEventListener("click", () => {
      chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
      try {
        localStorage.setItem(THEME_KEY, chosen);
      } catch {
      }
      apply();
    });
    system.addEventListener("change", apply);
    apply();
  }
  function renderHeader() {
    const count = (list, noun) => `${list.length} ${noun}${list.length === 1 ? "" : "s"}`;
    document.getElementById("title").textContent = REPORT.suite;
    document.getElementById("subtitle").textContent = [
      count(REPORT.streams, "stream"),
      count(REPORT.learners, "learner"),
      count(REPORT.seeds, "seed"),
      `scores relative to ${REPORT.learners[REPORT.reference]}`
    ].join(" · ");
    document.getElementById("notices").append(...REPORT.notices.map((text) => el("p", { class: "notice", role: "note" }, text)));
  }
  function renderSections() {
    const [main, contents] = [document.getElementById("main"), document.getElementById("contents")];
    for (const [id, title, build2, isPresent] of SECTIONS) {
      if (!isPresent) continue;
      contents.append(el("li", {}, el("a", { href: `#${id}` }, title)));
      main.append(el(
        "section",
        { id, "aria-labelledby": `${id}-title` },
        el("h2", { id: `${id}-title` }, title),
        ...build2().filter(Boolean)
      ));
    }
  }
  initTheme();
  renderHeader();
  renderSections();
  document.getElementById("footer").textContent = "Made by plasticity-bench. Definitions: docs/scores.md, docs/curvature.md and docs/explanations.md.";
})();
