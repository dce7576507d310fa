// @ts-check
/** Making elements. */

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any>} [fields] attributes; `on...` are listeners, `class`, `text` and `data` as they say
 * @param {...(Node | string | null | undefined)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, fields = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "text") element.textContent = value;
    else if (key === "data") Object.assign(element.dataset, value);
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** @param {string} id @returns {HTMLElement} */
export function find(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

const FOCUSED = "button, input, select, a";

/**
 * Replace the rows of a list; the focus stays on the element in the same place.
 * @param {HTMLElement} list
 * @param {...Node} rows
 */
export function refill(list, ...rows) {
  const focus = /** @type {HTMLElement} */ (document.activeElement);
  const row = [...list.children].findIndex((each) => each.contains(focus));
  const place = row < 0 ? -1 : [...list.children[row].querySelectorAll(FOCUSED)].indexOf(focus);
  list.replaceChildren(...rows);
  if (place < 0 || !rows.length) return;
  const elements = list.children[Math.min(row, rows.length - 1)].querySelectorAll(FOCUSED);
  /** @type {HTMLElement | undefined} */ (elements[Math.min(place, elements.length - 1)])?.focus();
}

const SHAPES = {
  record: '<circle cx="8" cy="8" r="5"/>',
  panic: '<path d="M8 1.5 15 14.5H1zM7.2 6v4.2h1.6V6zm0 5.2v1.5h1.6v-1.5z" fill-rule="evenodd"/>',
  tap: '<path d="M7.2 1h1.6l.8 9H6.4zM3 12h10v2H3z"/>',
  sound: '<path d="M2 6h2.6L8 3v10L4.6 10H2zm8 .2a3 3 0 0 1 0 3.6m1.6-5.4a5.4 5.4 0 0 1 0 7.2" stroke="currentColor" stroke-width="1.3"/>',
  learn: '<path d="M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1m0 1.6a5.4 5.4 0 1 1 0 10.8A5.4 5.4 0 0 1 8 2.600M7.300 3.800h1.400v4.400H7.300z"/>',
  next: '<path d="m5 2 7 6-7 6z"/>',
  back: '<path d="m11 2-7 6 7 6z"/>',
};

/** @param {keyof typeof SHAPES} name @returns {SVGSVGElement} */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.innerHTML = SHAPES[name];
  return svg;
}

/** Say something to the player for a while. @param {string} text @param {boolean} [alarm] */
export function say(text, alarm = false) {
  const toast = find("toast");
  toast.textContent = text;
  toast.classList.toggle("alarm", alarm);
  clearTimeout(Number(toast.dataset.timer));
  toast.dataset.timer = String(setTimeout(() => (toast.textContent = ""), alarm ? 8000 : 4000));
}
