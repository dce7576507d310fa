// @ts-check
/** The continuation: who plays when, begin and take back, its settings, and how far ahead it is. */

import { numberField, row, segments, slider } from "./bind.js";
import { icon, make, say } from "./dom.js";

const POLL_MS = 500;
/** As far as the slider goes: beyond that, a model draws almost anything. */
const DARING = 3;
const STATES = { starting: "Starting", listening: "Listening", playing: "Playing", off: "Off" };

/**
 * @param {HTMLElement} sheet
 * @param {import("./host.js").Host} host
 */
export function makeContinuation(sheet, host) {
  const { store } = host;
  let scope = store.scoped();
  let key = "";
  const call = (/** @type {string} */ name) => host.call(`continuation/${name}`).catch((error) => say(error.message, true));
  const facts = make("dl", { class: "facts" });
  const state = make("p", { class: "quiet", role: "status" });

  host.addEventListener("state", () => {
    const there = store.get("continuation/mode") !== undefined;
    const now = JSON.stringify([there, ...[...store.controls.keys()].filter((name) => name.startsWith("continuation/"))]);
    if (now === key) return;
    key = now;
    scope.end();
    scope = store.scoped();
    sheet.replaceChildren(make("h2", { text: "Continue" }), ...(there ? parts() : [missing()]));
  });

  const missing = () => make("p", { class: "quiet", text: "A model can go on from what you play. Start the host with concertino play --continue MODEL." });

  function parts() {
    const of = (/** @type {string} */ name) => `continuation/${name}`;
    const begin = make("button", { type: "button", class: "button main grow", data: { control: of("trigger") }, onclick: () => call("trigger") }, icon("next"), "Play on");
    const back = make("button", { type: "button", class: "button grow", data: { control: of("take_back") }, onclick: () => call("take_back") }, icon("back"), "Take back");
    const rows = [];
    if (scope.has(of("temperature"))) {
      const value = make("span", { class: "value number" });
      scope.watch(of("temperature"), (/** @type {number} */ now) => (value.textContent = now?.toFixed(2) ?? ""));
      rows.push(row("Daring", slider(scope, of("temperature"), { step: 0.05, high: DARING }), value));
    }
    if (scope.has(of("bars"))) rows.push(row("Bars of a phrase", numberField(scope, of("bars"), { step: 1 })));
    if (scope.has(of("silence_beats"))) rows.push(row("Begins after beats of silence", numberField(scope, of("silence_beats"))));
    return [
      make("section", {}, segments(scope, of("mode"), { label: "Who plays when" }), make("div", { class: "buttons" }, begin, back), state),
      make("section", {}, ...rows),
      make("section", {}, make("h3", { text: "How it is doing" }), facts),
    ];
  }

  /** @param {any} status */
  function show(status) {
    if (!status) return;
    state.textContent = `${STATES[/** @type {keyof typeof STATES} */ (status.state)] ?? status.state}${status.model ? ` · ${status.model}` : ""}`;
    document.body.classList.toggle("continuing", status.state === "playing");
    const lines = [
      ["Ahead", `${Math.round(status.lead_ms ?? 0)} ms`],
      ["Notes a second", (status.notes_per_second ?? 0).toFixed(0)],
      ["Ready in time", `${Math.round((status.isr ?? 1) * 100)} %`],
      ["Trigger to first note", `${(status.first_note_ms ?? 0).toFixed(1)} ms`],
      ["Notes", status.notes ?? 0],
      ["Too late, left out", status.late ?? 0],
    ];
    facts.replaceChildren(...lines.flatMap(([term, value]) => [make("dt", { text: String(term) }), make("dd", { text: String(value) })]));
  }

  setInterval(() => {
    if (facts.isConnected && facts.offsetParent) host.read("continuation/status").then(show, () => {});
  }, POLL_MS);
}
