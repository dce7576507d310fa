// @ts-check
/** The sheet for what is set up once: this page's sound and keys, the host, and every other control. */

import { numberField, picker, row, segments, switchButton, textField, titleOf } from "./bind.js";
import { make, say } from "./dom.js";
import { THEMES, setTheme, theme } from "./theme.js";
import { WebMidi } from "./web_midi.js";

/** Shown elsewhere on the page. */
const ELSEWHERE = /^(parts\/|continuation\/|ensemble$|title$|record$|tempo$|preset|learn|mappings)/;

/** What numbers count. @type {Record<string, string>} */
const UNITS = { chord_window: "ms" };
/** As many letters as words side by side may have. */
const MOST_LETTERS = 18;
/** Kinds of controls, and the element for each; what is not here is shown as it is. @type {Record<string, Function>} */
const ELEMENTS = {
  switch: (/** @type {any} */ store, /** @type {string} */ name) => switchButton(store, name),
  whole: (/** @type {any} */ store, /** @type {string} */ name) => numberField(store, name, { step: 1 }),
  number: (/** @type {any} */ store, /** @type {string} */ name) => numberField(store, name),
  text: (/** @type {any} */ store, /** @type {string} */ name) => textField(store, name),
  choice: (/** @type {any} */ store, /** @type {string} */ name) =>
    (store.describe(name)?.choices.join("").length > MOST_LETTERS ? picker : segments)(store, name),
};

/** @param {any} value @returns {string} */
function words(value) {
  if (Array.isArray(value)) return value.join(", ") || "none";
  if (value && typeof value === "object") return Object.values(value).join(", ");
  return String(value ?? "–");
}

/**
 * @param {HTMLElement} sheet
 * @param {import("./host.js").Host} host
 * @param {{audio: import("./audio.js").PageAudio, midi: import("./web_midi.js").WebMidi, log: import("./log.js").NoteLog}} own
 */
export function makeSetup(sheet, host, { audio, midi, log }) {
  sheet.append(ownPart(audio, midi, log));
  const all = make("section");
  sheet.append(all);
  const { store } = host;
  let scope = store.scoped();
  let key = "";
  host.addEventListener("state", () => {
    const names = [...store.controls.values()].filter(({ name, kind }) => !ELSEWHERE.test(name) && (store.get(name) !== undefined || kind === "call"));
    const now = JSON.stringify(names);
    if (now === key) return;
    key = now;
    scope.end();
    scope = store.scoped();
    const rows = names.filter(({ kind }) => kind !== "call").map(({ name, kind, writable }) => {
      const make = writable ? ELEMENTS[kind] : undefined;
      const title = UNITS[name] ? `${titleOf(name)} (${UNITS[name]})` : titleOf(name);
      return row(title, make ? make(scope, name) : text(name));
    });
    all.replaceChildren(make("h3", { text: "Host" }), ...rows);
  });

  /** @param {string} name */
  function text(name) {
    const element = make("span", { class: "number", title: store.describe(name)?.help });
    scope.watch(name, (/** @type {any} */ value) => (element.textContent = words(value)));
    return element;
  }
}

/**
 * What belongs to this page alone.
 * @param {import("./audio.js").PageAudio} audio
 * @param {import("./web_midi.js").WebMidi} midi
 * @param {import("./log.js").NoteLog} log
 */
function ownPart(audio, midi, log) {
  const extra = make("span", { class: "number quiet value" });
  const sound = make("button", { type: "button", class: "button small", "aria-pressed": "false", text: "Sound on this page", data: { action: "sound" }, onclick: () =>
    audio.on ? audio.stop() : audio.start().catch((error) => say(`No sound here: ${error.message}`, true)) });
  audio.addEventListener("change", () => {
    sound.setAttribute("aria-pressed", String(audio.on));
    extra.textContent = "";
  });
  audio.addEventListener("report", () => (extra.textContent = audio.latency ? `+${Math.round(audio.latency * 1000)} ms` : ""));
  const volume = make("input", { type: "range", min: 0, max: 1, step: "any", value: 1, oninput: () => {
    audio.setVolume(Number(volume.value) ** 2);
    volume.style.setProperty("--fill", `${Number(volume.value) * 100}%`);
  } });
  volume.style.setProperty("--fill", "100%");
  const look = make("select", { onchange: () => setTheme(look.value) }, ...THEMES.map((name) => make("option", { value: name, text: titleOf(name) })));
  look.value = theme();
  const announce = make("button", { type: "button", class: "button small", "aria-pressed": "false", text: "Speak each note", onclick: () => {
    const on = announce.getAttribute("aria-pressed") !== "true";
    announce.setAttribute("aria-pressed", String(on));
    log.announce(on);
  } });
  const devices = make("span", { class: "quiet", text: WebMidi.there ? "" : "This browser has no Web MIDI" });
  const keyboards = make("button", { type: "button", class: "button small", disabled: !WebMidi.there, text: "Use this device's MIDI", data: { action: "web-midi" }, onclick: () =>
    midi.open().catch((error) => say(`No MIDI here: ${error.message}`, true)) });
  midi.onInputs = (names) => (devices.textContent = names.join(", ") || "no keyboard is connected");
  return make("section", {},
    make("h3", { text: "This page" }),
    make("div", { class: "row" }, make("span", { class: "quiet", text: "Sound" }), sound, extra),
    row("Volume here", volume),
    row("Look", look),
    make("div", { class: "row" }, make("span", { class: "quiet", text: "MIDI keyboard" }), keyboards, devices),
    make("div", { class: "row" }, make("span", { class: "quiet", text: "Screen reader" }), announce),
    make("p", { class: "quiet", text: "Keys: A to ; play, Z and X shift by octaves, C and V change how loud, ` taps the tempo, Escape is panic." }),
  );
}
