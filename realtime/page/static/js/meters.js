// @ts-check
/** Level meters: up at once, down slowly. */

import { make } from "./dom.js";

const FALL_PER_SECOND = 1.6;
const FLOOR_DB = -60;

/** @param {number} db dBFS @returns {number} 0 to 1 */
export function shareOf(db) {
  return Math.min(Math.max(1 - db / FLOOR_DB, 0), 1);
}

/** The level of all parts together, left above right. @returns {HTMLElement} */
export function outputMeter() {
  const line = (/** @type {string} */ side) => make("div", { class: "meter", data: { meter: side } }, make("i"));
  return make("div", { class: "peaks calm", title: "Level of the sound", "aria-hidden": "true" }, line("left"), line("right"));
}

export class Meters {
  /** @param {import("./host.js").Host} host */
  constructor(host) {
    /** @type {Map<string, number>} */
    this.aims = new Map();
    /** @type {Map<string, number>} */
    this.shown = new Map();
    this.last = 0;
    this.moving = false;
    host.addEventListener("levels", (event) => {
      const { peak = [], parts = [] } = /** @type {CustomEvent} */ (event).detail;
      for (const [place, db] of peak.entries()) this.aim(place ? "right" : "left", shareOf(db));
      for (const [place, level] of parts.entries()) this.aim(String(place + 1), level);
    });
  }

  /** @param {string} name @param {number} level 0 to 1 */
  aim(name, level) {
    this.aims.set(name, level);
    if (this.moving) return;
    this.moving = true;
    this.last = performance.now();
    requestAnimationFrame((now) => this.move(now));
  }

  /** @param {number} now ms */
  move(now) {
    const fall = ((now - this.last) / 1000) * FALL_PER_SECOND;
    this.last = now;
    this.moving = false;
    for (const [name, aim] of this.aims) {
      const before = this.shown.get(name) ?? 0;
      const level = Math.max(aim, before - fall);
      if (level !== before) this.moving = true;
      this.shown.set(name, level);
      for (const meter of document.querySelectorAll(`[data-meter="${name}"]`)) {
        if (!(meter instanceof HTMLElement)) continue;
        meter.dataset.level = level.toFixed(2);
        if (meter.firstElementChild instanceof HTMLElement) meter.firstElementChild.style.transform = `scaleX(${level})`;
      }
    }
    if (this.moving) requestAnimationFrame((time) => this.move(time));
  }
}
