/* A figure that is drawn anew at every width, with a cursor for the pointer and the arrow keys.
   `draw(width)` returns {root, stops: [{x, y, lines: [[learner, text]], head}], alt}. */
function chart(title, draw, numbers) {
  const tip = el("div", { class: "tip", hidden: true });
  const live = el("div", { class: "hidden", "aria-live": "polite" });
  const stage = el("div", { tabindex: 0, role: "img", class: "stage" });
  const hint = "Arrow keys read the values.";
  const figure = el("figure", {}, el("figcaption", {}, title), stage, tip, live, asNumbers(title, numbers));
  let drawn = null, at = -1, cursor = null;

  function redraw() {
    const width = Math.max(240, Math.floor(stage.clientWidth));
    drawn = draw(width);
    stage.setAttribute("aria-label", `${title}. ${drawn.alt} ${hint}`);
    stage.replaceChildren(drawn.root);
    leave();
  }
  function show(place, speak) {
    at = place;
    const stop = drawn.stops[place];
    if (!stop) return;
    if (cursor) cursor.remove();
    cursor = drawn.mark(stop);
    drawn.root.append(cursor);
    tip.replaceChildren(el("strong", {}, stop.head),
      ...stop.lines.map(([learner, text]) => el("div", {}, learner === null ? null : swatch(learner, 18), text)));
    tip.hidden = false;
    const left = stop.x > drawn.width / 2 ? stop.x - tip.offsetWidth - 12 : stop.x + 12;
    tip.style.left = `${Math.max(0, Math.min(left, drawn.width - tip.offsetWidth))}px`;
    tip.style.top = `${stage.offsetTop + 8}px`;
    if (speak) live.textContent = `${stop.head}: ${stop.lines.map(([, text]) => text).join("; ")}`;
  }
  function leave() {
    tip.hidden = true;
    at = -1;
    if (cursor) cursor.remove();
    cursor = null;
  }
  function nearest(event) {
    const box = drawn.root.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    let best = -1, least = Infinity;
    drawn.stops.forEach((stop, place) => {
      const far = drawn.flat ? Math.abs(stop.x - px) : Math.hypot(stop.x - px, stop.y - py);
      if (far < least) [best, least] = [place, far];
    });
    return best;
  }
  stage.addEventListener("pointermove", (event) => show(nearest(event), false));
  stage.addEventListener("pointerdown", (event) => show(nearest(event), false));
  stage.addEventListener("pointerleave", leave);
  stage.addEventListener("blur", leave);
  stage.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const last = drawn.stops.length - 1;
    if (event.key === "Escape") return leave();
    if (event.key === "Home") show(0, true);
    else if (event.key === "End") show(last, true);
    else if (step) show(Math.max(0, Math.min(last, at < 0 && step < 0 ? last : at + step)), true);
    else return;
    event.preventDefault();
  });
  let width = 0;
  new ResizeObserver(() => {
    if (stage.clientWidth !== width) {
      width = stage.clientWidth;
      requestAnimationFrame(redraw); // not within the observer, which would wait for itself
    }
  }).observe(stage);
  figure.redraw = redraw;
  return figure;
}

/* The cursor around a point. */
const ring = (stop) => svg("circle", { cx: stop.x, cy: stop.y, r: 10, fill: "none", class: "cursor" });

/* The text alternative of a figure: its numbers, made when they are asked for. */
function asNumbers(title, numbers) {
  const details = el("details", {}, el("summary", {}, "Numbers", el("span", { class: "hidden" }, ` of ${title}`)));
  details.addEventListener("toggle", () => {
    if (!details.open) return details.querySelector(".scroll")?.remove();
    const { headers, rows } = numbers();
    details.append(el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Numbers of ${title}` },
      el("table", {},
        el("thead", {}, el("tr", {}, headers.map((text) => el("th", { scope: "col" }, text)))),
        el("tbody", {}, rows.map((row) => el("tr", {}, row.map((text, place) =>
          place ? el("td", {}, text) : el("th", { scope: "row" }, text))))))));
  });
  return details;
}
