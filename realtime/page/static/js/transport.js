// @ts-check
/** Record, panic, tap and tempo, and which ensemble plays. */

import { numberField, picker, switchButton } from "./bind.js";
import { find, icon, make, say } from "./dom.js";

/** @param {import("./host.js").Host} host */
export function makeTransport(host) {
  const { store } = host;
  const call = (/** @type {string} */ name) => host.call(name).catch((error) => say(error.message, true));
  const record = switchButton(store, "record", { text: "Record", label: "Record", look: "record", icon: "record" });
  const panic = make("button", {
    type: "button",
    class: "button panic",
    title: "Silence everything at once (Escape)",
    data: { control: "panic" },
    onclick: () => call("panic"),
  }, icon("panic"), "Panic");
  const tap = make("button", {
    type: "button",
    class: "button",
    title: "Tap the tempo (Backquote)",
    data: { control: "tap" },
    onpointerdown: () => call("tap"),
    onclick: (/** @type {MouseEvent} */ event) => event.detail === 0 && call("tap"), // by key or screen reader
  }, icon("tap"), "Tap");
  const tempo = numberField(store, "tempo", { label: "Tempo, beats per minute", step: 1 });
  const followed = () => (store.get("clock") ?? "tap") !== "tap";
  host.addEventListener("latency", (event) => {
    const now = /** @type {CustomEvent} */ (event).detail.tempo;
    if (followed() && now) tempo.value = String(Math.round(now * 10) / 10);
  });
  store.watch("clock", () => {
    tempo.readOnly = followed(); // whoever gives the beat has the tempo
    if (!followed()) tempo.value = String(store.get("tempo") ?? "");
  });
  find("transport").append(record, panic, tap, tempo);
  return { panic: () => call("panic"), tap: () => call("tap") };
}

/** @param {import("./host.js").Host} host */
export function makeSelectors(host) {
  const { store } = host;
  let scope = store.scoped();
  let key = "";
  host.addEventListener("state", () => {
    const names = ["ensemble", "preset"].filter((name) => store.describe(name)?.choices?.length);
    const now = JSON.stringify(names.map((name) => store.describe(name)?.choices));
    if (now === key) return;
    key = now;
    scope.end();
    scope = store.scoped();
    const words = (/** @type {string} */ name) =>
      name ? name.replaceAll("-", " ").replace(/^./, (first) => first.toUpperCase()) : "No preset";
    find("selectors").replaceChildren(...names.map((name) =>
      picker(scope, name, { label: name === "ensemble" ? "Ensemble" : "Preset", words })));
  });
}
