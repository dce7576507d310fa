// @ts-check
/** The ensemble: a strip for each part, with its instrument, level, volume, place, mute and solo. */

import { numberField, picker, row, slider, switchButton } from "./bind.js";
import { make } from "./dom.js";
import { FAMILIES, instrument } from "./gm.js";
import { paint } from "./palette.js";
import { noteName } from "./pitch.js";

const PAN_CENTRE = 64;

/** @param {number} pan */
function spokenPan(pan) {
  if (pan === PAN_CENTRE) return "middle";
  return pan < PAN_CENTRE ? `${PAN_CENTRE - pan} left` : `${pan - PAN_CENTRE} right`;
}

export class Strips {
  /** @param {HTMLElement} element @param {import("./host.js").Host} host */
  constructor(element, host) {
    this.element = element;
    this.host = host;
    this.scope = host.store.scoped();
    this.key = "";
    host.addEventListener("state", () => this.build());
    document.addEventListener("scheme", () => this.build(true));
  }

  /** Make the strips, where they are not there already. @param {boolean} [anew] */
  build(anew = false) {
    const { store } = this.host;
    /** @type {string[]} */
    const parts = store.get("parts") ?? [];
    const key = JSON.stringify([store.get("ensemble"), parts, [...store.controls.keys()]]);
    if (key === this.key && !anew) return;
    this.key = key;
    this.scope.end();
    this.scope = store.scoped();
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.control : "";
    this.element.replaceChildren(...parts.map((name, part) => this.strip(name, part)));
    if (focused) this.element.querySelector(`[data-control="${focused}"]`)?.dispatchEvent(new Event("focus"));
  }

  /** @param {string} name @param {number} part counted from 0 */
  strip(name, part) {
    const { scope } = this;
    const of = (/** @type {string} */ field) => `parts/${part + 1}/${field}`;
    const there = (/** @type {string} */ field) => scope.has(of(field));
    const strip = make("div", { class: "strip", role: "group", "aria-label": name, data: { strip: part + 1 } });
    paint(strip, part);
    const small = (/** @type {string} */ field, /** @type {string} */ text, /** @type {string} */ label) =>
      there(field) ? switchButton(scope, of(field), { text, label: `${name}: ${label}`, look: `small ${field}` }) : null;
    strip.append(
      make("span", { class: "swatch", "aria-hidden": "true", text: String(part + 1) }),
      make("span", { class: "name", text: name, title: name }),
      make("span", { class: "switches" }, small("mute", "M", "mute"), small("solo", "S", "solo"), small("plays", "On", "is given notes")),
    );
    if (there("program")) strip.append(make("div", { class: "instrument" }, this.instruments(name, of("program"))));
    if (there("volume") || there("pan")) {
      strip.append(make("div", { class: "sliders" },
        make("span", { text: "Vol", "aria-hidden": "true" }),
        there("volume") ? slider(scope, of("volume"), { label: `${name}: volume` }) : "",
        make("span", { text: "Pan", "aria-hidden": "true" }),
        there("pan") ? slider(scope, of("pan"), { label: `${name}: pan`, centre: PAN_CENTRE, spoken: spokenPan }) : "",
      ));
    }
    strip.append(make("div", { class: "meter", "aria-hidden": "true", data: { meter: part + 1 } }, make("i")));
    const more = this.more(name, of);
    if (more) strip.append(more);
    scope.watch(of("plays"), (/** @type {boolean} */ plays) => strip.classList.toggle("off", plays === false));
    return strip;
  }

  /** @param {string} name @param {string} control */
  instruments(name, control) {
    const select = picker(this.scope, control, { label: `${name}: instrument`, options: [...Array(128).keys()], words: instrument });
    const options = [...select.options];
    select.append(...FAMILIES.map(([family], place) =>
      make("optgroup", { label: family }, ...options.slice(place * 8, place * 8 + 8))));
    select.value = String(this.scope.get(control) ?? 0);
    return select;
  }

  /** What is needed less often: the range, and the transposition. @param {string} name @param {(field: string) => string} of */
  more(name, of) {
    const { scope } = this;
    if (!scope.has(of("range")) && !scope.has(of("transpose"))) return null;
    const details = make("details", {}, make("summary", { text: "Range and transposition" }));
    details.addEventListener("toggle", () => {
      if (scope.has(of("range"))) {
        details.append(row("Lowest key", this.limit(name, of("range"), 0)), row("Highest key", this.limit(name, of("range"), 1)));
      }
      if (scope.has(of("transpose"))) details.append(row("Transpose", numberField(scope, of("transpose"), { step: 1 })));
    }, { once: true }); // lists of all keys for each part, which few open, would make the page heavy
    return details;
  }

  /** One end of a range. @param {string} name @param {string} control @param {0 | 1} end */
  limit(name, control, end) {
    const select = make("select", { "aria-label": `${name}: ${end ? "highest" : "lowest"} key`, data: { control } });
    select.append(...[...Array(128).keys()].map((pitch) => make("option", { value: pitch, text: noteName(pitch) })));
    this.scope.watch(control, (/** @type {number[]} */ range) => range && (select.value = String(range[end])));
    select.addEventListener("change", () => {
      const range = [...this.scope.get(control)];
      range[end] = Number(select.value);
      this.scope.set(control, range);
    });
    return select;
  }
}
