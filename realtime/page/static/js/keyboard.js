// @ts-check
/** The keyboard on the screen: played by mouse, touch, pen, or from the focus with arrows and Space. */

import { find, make } from "./dom.js";
import { paint } from "./palette.js";
import { KeyRange, isBlack, noteName } from "./pitch.js";

const NARROWEST = matchMedia("(pointer: coarse)").matches ? 25 : 17;
/** Where a key is struck decides how loud: far from the player soft, near loud. */
const SOFTEST = 44;
const LOUDEST = 118;
const FOCUS_VELOCITY = 92;
/** White keys of a whole keyboard, which needs no shifting. */
const WHOLE = 52;

export class Keyboard {
  /**
   * @param {import("./player.js").Player} player
   * @param {import("./notes.js").Notes} notes
   * @param {(pitch: number) => string} letter the computer key that plays a pitch, for its label
   */
  constructor(player, notes, letter) {
    this.element = find("keyboard");
    this.player = player;
    this.notes = notes;
    this.letter = letter;
    /** @type {Map<number, HTMLButtonElement>} */
    this.keys = new Map();
    this.range = new KeyRange(this.element.clientWidth, NARROWEST);
    /** @type {() => void} */
    this.onRange = () => {};
    this.focused = 60;
    new ResizeObserver(() => this.fit()).observe(this.element);
    this.listen();
    player.listeners.add((pitch, down) => this.keys.get(pitch)?.classList.toggle("down", down));
    notes.listeners.add((note) => this.light(note.pitch));
    find("lower").addEventListener("click", () => this.shift(-1));
    find("higher").addEventListener("click", () => this.shift(1));
    this.build();
  }

  /** Take as many keys as there is room for. */
  fit() {
    const range = new KeyRange(this.element.clientWidth, NARROWEST);
    if (range.count !== this.range.count) {
      this.range = range;
      this.build();
    }
  }

  /** @param {number} octaves */
  shift(octaves) {
    if (this.range.shift(octaves)) this.build();
  }

  build() {
    const keys = [];
    this.keys.clear();
    for (let pitch = this.range.lowest; pitch <= this.range.highest; pitch++) {
      const [left, width] = this.range.place(pitch);
      const key = make("button", {
        type: "button",
        class: `key ${isBlack(pitch) ? "black" : "white"}`,
        style: `left: ${left * 100}%; width: ${width * 100}%`,
        tabindex: -1,
        "aria-label": noteName(pitch),
        data: { pitch },
      });
      this.keys.set(pitch, key);
      keys.push(key);
    }
    this.element.replaceChildren(...keys);
    document.body.classList.toggle("whole-keyboard", this.range.count === WHOLE);
    if (!this.range.holds(this.focused)) this.focused = this.range.lowest + 12;
    this.keys.get(this.focused)?.setAttribute("tabindex", "0");
    for (const [which, octaves] of /** @type {[string, number][]} */ ([["lower", -1], ["higher", 1]])) {
      const edge = octaves < 0 ? this.range.lowest : this.range.highest;
      /** @type {HTMLButtonElement} */ (find(which)).disabled = edge + 12 * octaves < 0 || edge + 12 * octaves > 127;
    }
    for (const pitch of this.keys.keys()) this.light(pitch);
    this.label();
    this.onRange();
  }

  /** Write the names of the Cs, and the letters of the computer keys. */
  label() {
    for (const [pitch, key] of this.keys) {
      const name = pitch % 12 === 0 ? noteName(pitch) : "";
      key.replaceChildren(make("span", {}, make("i", { class: "letter", text: this.letter(pitch) }), name));
    }
  }

  /** Show which part sounds at a pitch. @param {number} pitch */
  light(pitch) {
    const key = this.keys.get(pitch);
    if (!key) return;
    const note = this.notes.at(pitch);
    key.classList.toggle("lit", note !== undefined);
    if (note) paint(key, note.part);
    else delete key.dataset.part;
  }

  listen() {
    /** @type {Map<number, number>} */
    const under = new Map();
    const { element, player } = this;

    /** @param {PointerEvent} event @returns {[number, number] | null} pitch and velocity */
    const struck = (event) => {
      const key = document.elementFromPoint(event.clientX, event.clientY)?.closest(".key");
      if (!(key instanceof HTMLElement) || !element.contains(key)) return null;
      const box = key.getBoundingClientRect();
      const depth = Math.min(Math.max((event.clientY - box.top) / box.height, 0), 1);
      return [Number(key.dataset.pitch), Math.round(SOFTEST + (LOUDEST - SOFTEST) * depth)];
    };
    /** @param {PointerEvent} event */
    const lift = (event) => {
      const pitch = under.get(event.pointerId);
      if (pitch === undefined) return;
      under.delete(event.pointerId);
      player.release(`pointer ${event.pointerId}`, pitch);
    };
    element.addEventListener("pointerdown", (event) => {
      const hit = event.button === 0 && struck(event);
      if (!hit) return;
      event.preventDefault();
      if (event.target instanceof Element && event.target.hasPointerCapture(event.pointerId)) {
        event.target.releasePointerCapture(event.pointerId);
      }
      element.setPointerCapture(event.pointerId);
      under.set(event.pointerId, hit[0]);
      player.press(`pointer ${event.pointerId}`, ...hit);
    });
    element.addEventListener("pointermove", (event) => {
      if (!under.has(event.pointerId)) return;
      const hit = struck(event);
      if (hit?.[0] === under.get(event.pointerId)) return;
      lift(event);
      under.set(event.pointerId, hit ? hit[0] : -1);
      if (hit) player.press(`pointer ${event.pointerId}`, ...hit);
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      element.addEventListener(end, (event) => lift(/** @type {PointerEvent} */ (event)));
    }
    element.addEventListener("contextmenu", (event) => event.preventDefault());
    element.addEventListener("keydown", (event) => this.keydown(event));
    element.addEventListener("keyup", (event) => {
      if (event.code === "Space" || event.code === "Enter") player.releaseAll("focus");
    });
    element.addEventListener("focusout", () => player.releaseAll("focus"));
    element.addEventListener("focus", () => this.keys.get(this.focused)?.focus());
  }

  /** @param {KeyboardEvent} event */
  keydown(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -12, ArrowUp: 12 };
    const step = steps[/** @type {keyof typeof steps} */ (event.code)];
    if (step) {
      event.preventDefault();
      this.focus(this.focused + step);
    } else if ((event.code === "Space" || event.code === "Enter") && !event.repeat) {
      event.preventDefault();
      this.player.press("focus", this.focused, FOCUS_VELOCITY);
    }
  }

  /** @param {number} pitch */
  focus(pitch) {
    const key = this.keys.get(pitch);
    if (!key) return;
    this.player.releaseAll("focus");
    this.keys.get(this.focused)?.setAttribute("tabindex", "-1");
    this.focused = pitch;
    key.setAttribute("tabindex", "0");
    key.focus();
  }
}
