// @ts-check
/**
 * The parts' colours: eight that stay apart with any kind of colour vision, on dark and on light; from the
 * ninth part on the same ones with stripes. Notes carry their part's number as well, so that nothing rests on
 * colour alone.
 */

/** Kept apart under simulated protanopia, deuteranopia and tritanopia (Machado et al. 2009). */
export const COLOURS = {
  dark: ["#4f8ccd", "#e68a14", "#14b769", "#d999b5", "#deea7e", "#e2603a", "#897cf5", "#cbd5f3"],
  light: ["#358cdf", "#c37814", "#147c5c", "#b44c94", "#8b8446", "#c01514", "#3a3fae", "#3f454f"],
};
const INK = "#101215";
const PAPER = "#ffffff";
/** Text upon each colour: with a contrast of 4.5 at least. */
const UPON = {
  dark: COLOURS.dark.map(() => INK),
  light: [INK, INK, PAPER, PAPER, INK, PAPER, PAPER, PAPER],
};
const STRIPES = "repeating-linear-gradient(45deg, rgb(0 0 0 / 0.32) 0 3px, transparent 3px 6px)";

/** @returns {"dark" | "light"} the scheme that is shown */
export function scheme() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "dark" || chosen === "light") return chosen;
  return matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
}

/** @param {number} part counted from 0 @returns {string} its colour */
export function colour(part) {
  const all = COLOURS[scheme()];
  return all[part % all.length];
}

/** @param {number} part counted from 0 @returns {boolean} whether its colour carries stripes */
export function striped(part) {
  return part >= COLOURS.dark.length;
}

/**
 * Give an element its part's colour, as `--part`, `--on-part` and `--pattern`.
 * @param {HTMLElement} element
 * @param {number} part counted from 0
 */
export function paint(element, part) {
  element.style.setProperty("--part", colour(part));
  element.style.setProperty("--on-part", upon(part));
  element.style.setProperty("--pattern", striped(part) ? STRIPES : "none");
  element.dataset.part = String(part + 1);
}

/** @param {number} part counted from 0 @returns {string} the colour of text upon its colour */
export function upon(part) {
  const all = UPON[scheme()];
  return all[part % all.length];
}

/** Paint again whatever carries a part's colour: the scheme has changed. */
export function repaint() {
  for (const element of document.querySelectorAll("[data-part]")) {
    if (element instanceof HTMLElement) paint(element, Number(element.dataset.part) - 1);
  }
}
