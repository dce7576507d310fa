// @ts-check
/** Presets: to choose, to step through and to save; and the knobs that controls follow. */

import { icon, make, say } from "./dom.js";

/**
 * @param {HTMLElement} sheet
 * @param {import("./host.js").Host} host
 * @param {import("./learn.js").Learn} learn
 */
export function makePresets(sheet, host, learn) {
  const { store } = host;
  const list = make("ul", { class: "list", "aria-label": "Presets" });
  const knobs = make("ul", { class: "list", "aria-label": "Knobs" });
  const name = make("input", { class: "field", type: "text", maxlength: 64, "aria-label": "Name of the preset", placeholder: "Name" });
  const call = (/** @type {string} */ control, /** @type {any} */ value = undefined) => host.call(control, value).catch((error) => say(error.message, true));
  const save = make("form", { class: "buttons", onsubmit: async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (name.value && (await call("preset/save", name.value)) !== undefined) name.value = "";
  } }, name, make("button", { class: "button small", text: "Save" }));
  const steps = make("div", { class: "buttons" },
    make("button", { type: "button", class: "button small", data: { control: "preset/previous" }, onclick: () => call("preset/previous") }, icon("back"), "Previous"),
    make("button", { type: "button", class: "button small", data: { control: "preset/next" }, onclick: () => call("preset/next") }, icon("next"), "Next"));
  const presets = make("section", {}, make("h3", { text: "Presets" }), list, steps, save);
  const mappings = make("section", {}, make("h3", { text: "Knobs" }), knobs);
  const none = make("p", { class: "quiet", text: "This host has no presets." });
  sheet.append(none, presets, mappings);

  function show() {
    none.hidden = store.has("preset");
    presets.hidden = !store.has("preset");
    mappings.hidden = !store.has("mappings");
    list.replaceChildren(...(store.describe("preset")?.choices ?? []).map((preset) => make("li", {}, make("button", {
      type: "button",
      class: "button small grow",
      "aria-pressed": String(store.get("preset") === preset),
      data: { preset },
      text: preset,
      onclick: () => store.set("preset", preset),
    }))));
    const mapped = learn.mappings();
    knobs.replaceChildren(...mapped.map((mapping) => make("li", {}, make("span", { class: "grow", text: `${mapping.name}` }), make("span", { class: "quiet", text: learn.describe(mapping) }))));
    if (!mapped.length) knobs.append(make("li", { class: "quiet", text: "None. Learn, touch a control, move a knob." }));
  }
  host.addEventListener("state", show);
  store.watch("preset", show);
  store.watch("mappings", show);
}
