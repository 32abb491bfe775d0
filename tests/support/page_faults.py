"""What is wrong with how a report looks: programs for its page, which return what they found."""

from tests.support.browser import Browser

OVERLAPPING = """[...document.querySelectorAll('.stage svg')].flatMap((figure) => {
  const boxes = [...figure.querySelectorAll('text')].map((t) => [t.textContent, t.getBoundingClientRect()]);
  const out = (b, other) => b.right < other.left || other.right < b.left || b.bottom - 3 < other.top || other.bottom - 3 < b.top;
  return boxes.flatMap(([text, box], i) => boxes.slice(0, i)
    .filter(([, other]) => !out(box, other)).map(([other]) => [text, other]));
})"""
"""Pairs of texts of one figure that overlap."""

CUT = """[
  ...[...document.querySelectorAll('.stage')].flatMap((stage) => {
    const all = stage.getBoundingClientRect();
    return [...stage.querySelectorAll('text')].filter((text) => {
      const own = text.getBoundingClientRect();
      return own.left < all.left - 1 || own.right > all.right + 1 || own.top < all.top - 1 || own.bottom > all.bottom + 1;
    }).map((text) => text.textContent);
  }),
  ...[...document.querySelectorAll('th button, td, tbody th, legend button, dd, figcaption')]
    .filter((n) => n.clientWidth && (n.scrollWidth > n.clientWidth + 1 || (n.matches('th button') && n.scrollHeight > n.clientHeight + 1)))
    .map((n) => n.textContent),
]"""
"""Texts that leave their figure, or what of a table is larger than its cell."""

OFF_SCREEN = """[...document.querySelectorAll('body *')].filter((n) => {
  if (n.closest('.skip, .hidden, details.numbers, script, noscript') || !n.getClientRects().length) return false;
  const box = n.getBoundingClientRect();
  return box.width && (box.right > innerWidth + 1 || box.left < -1);
}).map((n) => `${n.tagName} ${n.textContent.slice(0, 40)}`)"""
"""Elements that are not inside the window from left to right."""

CONTRAST = """(() => {
  const part = (c) => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * part(r) + .7152 * part(g) + .0722 * part(b);
  const read = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (node) => {
    if (!node) return [255, 255, 255];
    const [r, g, b, a = 1] = read(getComputedStyle(node).backgroundColor);
    const below = a === 1 ? [0, 0, 0] : behind(node.parentElement);
    return [r, g, b].map((v, i) => a * v + (1 - a) * below[i]);
  };
  return Math.min(...[...document.querySelectorAll('body *')]
    .filter((n) => [...n.childNodes].some((c) => c.nodeType === 3 && c.textContent.trim()))
    .filter((n) => !n.closest('script, noscript, .hidden, .skip'))
    .map((n) => {
      const style = getComputedStyle(n);
      const ink = light(read(n instanceof SVGElement ? style.fill : style.color));
      const paper = light(behind(n instanceof SVGElement ? n.closest('figure') : n));
      return (Math.max(ink, paper) + .05) / (Math.min(ink, paper) + .05);
    }));
})()"""
"""The lowest contrast of a text with what is behind it."""


def found(browser: Browser) -> list[str]:
    """Return the faults of a page that is open, as lines; none if it is well."""
    faults = [f"overlap: {one!r} and {other!r}" for one, other in browser.run(OVERLAPPING)]
    faults += [f"cut: {text!r}" for text in browser.run(CUT)]
    faults += [f"off the screen: {text!r}" for text in browser.run(OFF_SCREEN)]
    contrast = browser.run(CONTRAST)
    return faults if contrast >= 4.5 else [*faults, f"a contrast of {contrast:.2f}"]
