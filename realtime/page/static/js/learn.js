// @ts-check
/**
 * MIDI learn: touch a control on the page, move a knob on the keyboard. While it is on, a touch names the
 * control instead of moving it; Escape or the button ends it.
 */

import { find, icon, make, say } from "./dom.js";

export class Learn {
  /** @param {import("./host.js").Host} host */
  constructor(host) {
    this.host = host;
    this.on = false;
    this.name = "";
    this.button = make("button", {
      type: "button",
      class: "button",
      "aria-pressed": "false",
      title: "Touch a control, then move a knob",
      data: { action: "learn" },
      onclick: () => this.toggle(),
    }, icon("learn"), "Learn");
    this.button.hidden = true;
    find("transport").append(this.button);
    for (const event of ["pointerdown", "mousedown", "click", "keydown", "input", "change"]) {
      document.addEventListener(event, (happened) => this.intercept(happened), { capture: true });
    }
    host.addEventListener("state", () => (this.button.hidden = !host.store.has("learn")));
    host.store.watch("learn", (/** @type {any} */ waiting) => this.follow(waiting));
    host.store.watch("mappings", () => this.mark());
    host.addEventListener("state", () => setTimeout(() => this.mark()));
  }

  toggle() {
    this.on = !this.on;
    document.body.classList.toggle("learning", this.on);
    this.button.setAttribute("aria-pressed", String(this.on));
    this.mark();
    if (this.on) say("Touch a control, then move a knob on your keyboard");
    else if (this.name) this.host.store.set("learn", "");
  }

  /** Whether a control can be learned. @param {string} name */
  learnable(name) {
    const control = this.host.store.describe(name);
    return Boolean(control?.writable) && !["text", "data"].includes(control?.kind ?? "data");
  }

  /** @param {Event} event */
  intercept(event) {
    if (!this.on || !(event.target instanceof Element)) return;
    if (event instanceof KeyboardEvent && !["Enter", "Space"].includes(event.code)) {
      if (event.code === "Escape") {
        event.stopPropagation();
        this.toggle();
      }
      return;
    }
    const element = event.target.closest("[data-control]");
    if (!(element instanceof HTMLElement)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.type !== "pointerdown" && event.type !== "keydown") return;
    const name = element.dataset.control ?? "";
    if (!this.learnable(name)) say("This one can't be learned", true);
    else this.host.store.set("learn", name);
  }

  /** @param {string | undefined} waiting the control that waits for a knob */
  follow(waiting) {
    const before = this.name;
    this.name = waiting ?? "";
    if (this.name) say(`Now move a knob for ${this.name}`);
    else if (before && this.on) {
      const knob = this.mappings().find((mapping) => mapping.name === before);
      if (knob) say(`${before} follows ${this.describe(knob)}`);
    }
    this.mark();
  }

  /** @returns {any[]} */
  mappings() {
    return this.host.store.get("mappings") ?? [];
  }

  /** @param {any} mapping @returns {string} such as `CC 21` */
  describe(mapping) {
    return mapping.knob;
  }

  /** Show which controls can be learned, which one waits, and which follow a knob. */
  mark() {
    const knobs = new Map(this.mappings().map((mapping) => [mapping.name, this.describe(mapping)]));
    for (const element of document.querySelectorAll("[data-control]")) {
      if (!(element instanceof HTMLElement)) continue;
      const name = element.dataset.control ?? "";
      element.classList.toggle("learnable", this.on && this.learnable(name));
      element.classList.toggle("waiting", this.on && name === this.name);
      const knob = knobs.get(name);
      if (knob) element.dataset.mapped = knob;
      else delete element.dataset.mapped;
    }
  }
}
