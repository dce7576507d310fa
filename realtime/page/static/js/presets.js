// @ts-check
/** Presets: to choose, to step through and to save; and the knobs that controls follow. */

import { titleOf } from "./bind.js";
import { icon, make, refill, say } from "./dom.js";

const REFUSED = Symbol("refused");
/** What a knob sends, by the mode of its mapping. */
const MODES = { absolute: "Absolute", "14bit": "14 bit", relative: "Relative ±1", offset: "Relative 64±1" };
/** Controllers below this have a fine half. */
const FINE = 32;

/**
 * @param {HTMLElement} sheet
 * @param {import("./host.js").Host} host
 * @param {import("./learn.js").Learn} learn
 */
export function makePresets(sheet, host, learn) {
  const { store } = host;
  const list = make("ul", { class: "list", "aria-label": "Presets" });
  const knobs = make("ul", { class: "list", "aria-label": "Knobs" });
  const name = make("input", { class: "field", type: "text", maxlength: 80, "aria-label": "Name of the preset", placeholder: "Name" });
  const call = (/** @type {string} */ control, /** @type {any} */ value = undefined) => host.call(control, value).catch((error) => {
    say(error.message, true);
    return REFUSED;
  });
  const save = make("form", { class: "buttons", onsubmit: async (/** @type {Event} */ event) => {
    event.preventDefault();
    const wanted = name.value.trim();
    if (wanted && (await call("preset/save", wanted)) !== REFUSED) name.value = "";
  } }, name, make("button", { class: "button small", text: "Save" }));
  const steps = make("div", { class: "buttons" },
    make("button", { type: "button", class: "button small", data: { control: "preset/previous" }, onclick: () => call("preset/previous") }, icon("back"), "Previous"),
    make("button", { type: "button", class: "button small", data: { control: "preset/next" }, onclick: () => call("preset/next") }, icon("next"), "Next"));
  const empty = make("p", { class: "quiet", text: "None yet. Save how everything is now under a name." });
  const presets = make("section", {}, make("h3", { text: "Presets" }), empty, list, steps, save);
  const mappings = make("section", {}, make("h3", { text: "Knobs" }), knobs);
  const none = make("p", { class: "quiet", text: "This host has no presets." });
  sheet.append(none, presets, mappings);

  /** @param {any} mapping */
  function knob(mapping) {
    const others = () => learn.mappings().filter((each) => each !== mapping);
    const rename = (/** @type {any} */ change) =>
      store.set("mappings", learn.mappings().map((each) => (each === mapping ? { ...mapping, ...change } : each)));
    const modes = Object.entries(MODES).filter(([mode]) => mode !== "14bit" || mapping.number < FINE);
    const mode = make("select", {
      "aria-label": `What the knob of ${readable(mapping.name)} sends`,
      onchange: (/** @type {Event} */ event) => rename({ mode: /** @type {HTMLSelectElement} */ (event.target).value }),
    }, ...modes.map(([value, text]) => make("option", { value, text, selected: value === mapping.mode })));
    return make("li", { data: { knob: mapping.name } },
      make("span", { class: "grow", text: readable(mapping.name), title: mapping.name }),
      make("span", { class: "quiet", text: `${mapping.knob} · ${mapping.device}` }),
      mapping.kind === "key" ? null : mode,
      make("button", {
        type: "button",
        class: "button small",
        "aria-pressed": String(mapping.pickup),
        title: "The knob moves the control only once it has reached its value",
        text: "Pickup",
        onclick: () => rename({ pickup: !mapping.pickup }),
      }),
      make("button", { type: "button", class: "button small plain", "aria-label": `Let go of ${readable(mapping.name)}`, text: "×", onclick: () => store.set("mappings", others()) }),
    );
  }

  /** @param {string} control @returns {string} such as `Soprano: volume` */
  function readable(control) {
    const [, part, field] = /^parts\/(\d+)\/(.+)$/.exec(control) ?? [];
    return part ? `${store.get("parts")?.[Number(part) - 1] ?? `Part ${part}`}: ${field}` : titleOf(control);
  }

  function show() {
    none.hidden = store.has("preset");
    presets.hidden = !store.has("preset");
    mappings.hidden = !store.has("mappings");
    const names = store.describe("preset")?.choices ?? [];
    empty.hidden = names.length > 0;
    steps.hidden = names.length < 2;
    refill(list, ...names.map((preset) => make("li", {}, make("button", {
      type: "button",
      class: "button small grow",
      "aria-pressed": String(store.get("preset") === preset),
      data: { preset },
      text: preset,
      onclick: () => store.set("preset", preset),
    }))));
    const mapped = learn.mappings();
    const unused = make("li", { class: "quiet", text: "None. Learn, touch a control, move a knob." });
    refill(knobs, ...(mapped.length ? mapped.map(knob) : [unused]));
  }
  host.addEventListener("state", show);
  store.watch("preset", show);
  store.watch("mappings", show);
}
