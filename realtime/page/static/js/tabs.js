// @ts-check
/** The panel's sheets: one at a time behind tabs, all at once where there is room. */

import { find, make } from "./dom.js";

const PLAY = "play";

/**
 * @param {[string, string][]} sheets id and title of each
 * @returns {Record<string, HTMLElement>} the sheets, by id
 */
export function makeTabs(sheets) {
  const list = find("tabs");
  const panels = find("panels");
  /** @type {Record<string, HTMLElement>} */
  const made = {};
  const buttons = [[PLAY, "Play"], ...sheets].map(([id, title]) => make("button", {
    type: "button",
    role: "tab",
    id: `tab-${id}`,
    class: id === PLAY ? "only-phone" : "",
    "aria-controls": id === PLAY ? undefined : `sheet-${id}`,
    text: title,
    data: { sheet: id },
    onclick: () => choose(id),
  }));
  for (const [id, title] of sheets) {
    made[id] = make("div", { class: "sheet", role: "tabpanel", id: `sheet-${id}`, "aria-labelledby": `tab-${id}` }, make("h2", { text: title }));
    panels.append(made[id]);
  }
  list.append(...buttons);

  /** @param {string} id */
  function choose(id) {
    document.body.dataset.view = id;
    const shown = id === PLAY ? sheets[0][0] : id;
    for (const [each, sheet] of Object.entries(made)) sheet.hidden = each !== shown;
    for (const button of buttons) {
      const chosen = button.dataset.sheet === id;
      button.setAttribute("aria-selected", String(chosen));
      button.tabIndex = chosen ? 0 : -1;
    }
  }

  list.addEventListener("keydown", (event) => {
    const seen = buttons.filter((button) => button.offsetParent !== null);
    const place = seen.indexOf(/** @type {any} */ (document.activeElement));
    const to = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: seen.length - 1 }[event.key];
    if (to === undefined || place < 0) return;
    event.preventDefault();
    const next = seen[(to + seen.length) % seen.length];
    next.focus();
    next.click();
  });
  const narrow = matchMedia("(max-width: 860px), (max-height: 480px) and (max-width: 1000px)");
  const start = () => choose(narrow.matches ? PLAY : sheets[0][0]);
  narrow.addEventListener("change", start);
  start();
  return made;
}

/** Tell the style sheet how much the bar and the keyboard take: on a phone the sheets lie between them. */
export function measureFrame() {
  const bar = /** @type {HTMLElement} */ (document.querySelector(".bar"));
  const foot = [/** @type {HTMLElement} */ (document.querySelector(".keys-row")), find("tabs")];
  const measure = () => {
    document.body.style.setProperty("--bar-height", `${bar.offsetHeight}px`);
    document.body.style.setProperty("--foot-height", `${foot[0].offsetHeight + foot[1].offsetHeight}px`);
  };
  const observer = new ResizeObserver(measure);
  for (const element of [bar, ...foot]) observer.observe(element);
  measure();
}
