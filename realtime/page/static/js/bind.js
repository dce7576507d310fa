// @ts-check
/**
 * Elements that show a control of the host and change it; what kind of element follows from the host's own
 * description. Each carries `data-control`, by which MIDI learn finds it.
 */

import { icon, make } from "./dom.js";

/** @typedef {import("./store.js").Store} Store */

/** @param {string} name @returns {string} such as `Silence beats` for `continuation/silence_beats` */
export function titleOf(name) {
  const last = name.split("/").slice(-1)[0].replaceAll("_", " ");
  return last[0].toUpperCase() + last.slice(1);
}

/**
 * A button that is down while a switch is on.
 * @param {Store} store @param {string} name
 * @param {{text?: string, label?: string, look?: string, icon?: any}} [shown]
 */
export function switchButton(store, name, shown = {}) {
  const button = make("button", {
    type: "button",
    class: `button ${shown.look ?? "small"}`,
    "aria-pressed": "false",
    "aria-label": shown.label ?? titleOf(name),
    title: store.describe(name)?.help,
    data: { control: name },
    onclick: () => store.set(name, button.getAttribute("aria-pressed") !== "true"),
  }, shown.icon ? icon(shown.icon) : null, shown.text ?? titleOf(name));
  store.watch(name, (value) => button.setAttribute("aria-pressed", String(Boolean(value))));
  return button;
}

/**
 * A slider; it keeps still under the player's finger whatever others change meanwhile.
 * @param {Store} store @param {string} name
 * @param {{label?: string, step?: number, high?: number, centre?: number, spoken?: (value: number) => string, id?: string}} [shown]
 */
export function slider(store, name, shown = {}) {
  const { low = 0, high: highest = 127, kind, help } = store.describe(name) ?? {};
  const high = shown.high ?? highest;
  const input = make("input", {
    type: "range",
    id: shown.id,
    min: low,
    max: high,
    step: shown.step ?? (kind === "number" ? "any" : 1),
    "aria-label": shown.id ? undefined : (shown.label ?? titleOf(name)),
    title: help,
    data: { control: name },
  });
  let held = false;
  const show = () => {
    const value = Number(input.value);
    const share = (/** @type {number} */ at) => `${((at - low) / (high - low)) * 100}%`;
    const from = shown.centre ?? low;
    input.style.setProperty("--from", share(Math.min(from, value)));
    input.style.setProperty("--fill", share(Math.max(from, value)));
    if (shown.spoken) input.setAttribute("aria-valuetext", shown.spoken(value));
  };
  input.addEventListener("pointerdown", () => (held = true));
  for (const event of ["pointerup", "pointercancel", "change"]) {
    input.addEventListener(event, () => {
      held = false;
      input.value = String(store.get(name) ?? input.value);
      show();
    });
  }
  input.addEventListener("input", () => {
    store.set(name, Number(input.value));
    show();
  });
  input.addEventListener("dblclick", () => shown.centre !== undefined && store.set(name, shown.centre));
  store.watch(name, (value) => {
    input.disabled = value === undefined || value === null;
    if (held || input.disabled) return;
    input.value = String(value);
    show();
  });
  return input;
}

/**
 * A list to choose from.
 * @param {Store} store @param {string} name
 * @param {{label?: string, id?: string, words?: (value: any) => string, options?: any[]}} [shown]
 */
export function picker(store, name, shown = {}) {
  const words = shown.words ?? ((/** @type {any} */ value) => String(value));
  const select = make("select", {
    id: shown.id,
    "aria-label": shown.id ? undefined : (shown.label ?? titleOf(name)),
    title: store.describe(name)?.help,
    data: { control: name },
  });
  let pointed = false;
  select.addEventListener("pointerdown", () => (pointed = true));
  select.addEventListener("keydown", () => (pointed = false));
  const options = [...(shown.options ?? store.describe(name)?.choices ?? [])];
  select.append(...options.map((value) => make("option", { value, text: words(value) })));
  select.addEventListener("change", () => {
    const chosen = options.find((value) => String(value) === select.value);
    if (chosen !== undefined) store.set(name, chosen);
    if (pointed) select.blur(); // the next letters are music again
  });
  store.watch(name, (value) => {
    select.disabled = value === undefined || value === null;
    if (select.disabled) return;
    if (![...select.options].some((option) => option.value === String(value))) {
      options.push(value);
      select.append(make("option", { value, text: words(value) }));
    }
    select.value = String(value);
  });
  return select;
}

/**
 * A field for a number.
 * @param {Store} store @param {string} name @param {{label?: string, id?: string, step?: number}} [shown]
 */
export function numberField(store, name, shown = {}) {
  const { low, high, help } = store.describe(name) ?? {};
  const input = make("input", {
    type: "number",
    class: "field short number",
    id: shown.id,
    min: low,
    max: high,
    step: shown.step ?? "any",
    "aria-label": shown.id ? undefined : (shown.label ?? titleOf(name)),
    title: help,
    data: { control: name },
    onchange: () => input.value !== "" && input.validity.valid && store.set(name, Number(input.value)),
    onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && input.blur(),
  });
  store.watch(name, (value) => {
    if (document.activeElement !== input) input.value = String(Math.round(value * 10) / 10);
  });
  return input;
}

/**
 * A field for a text.
 * @param {Store} store @param {string} name @param {{label?: string, id?: string}} [shown]
 */
export function textField(store, name, shown = {}) {
  const input = make("input", {
    type: "text",
    class: "field",
    id: shown.id,
    "aria-label": shown.id ? undefined : (shown.label ?? titleOf(name)),
    title: store.describe(name)?.help,
    data: { control: name },
    onchange: () => input.value && store.set(name, input.value),
    onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && input.blur(),
  });
  store.watch(name, (value) => {
    if (document.activeElement !== input) input.value = String(value ?? "");
  });
  return input;
}

/**
 * A few words side by side, one of which is chosen.
 * @param {Store} store @param {string} name @param {{label?: string, words?: (value: any) => string}} [shown]
 */
export function segments(store, name, shown = {}) {
  const options = store.describe(name)?.choices ?? [];
  const group = make("div", {
    class: "segments",
    role: "radiogroup",
    "aria-label": shown.label ?? titleOf(name),
    data: { control: name },
  });
  const buttons = options.map((value) => make("button", {
    type: "button",
    role: "radio",
    "aria-checked": "false",
    text: shown.words?.(value) ?? titleOf(value),
    data: { value },
    onclick: () => store.set(name, value),
  }));
  group.append(...buttons);
  group.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const place = buttons.indexOf(/** @type {any} */ (document.activeElement));
    if (!step || place < 0) return;
    event.preventDefault();
    const next = buttons[(place + step + buttons.length) % buttons.length];
    next.focus();
    next.click();
  });
  store.watch(name, (value) => {
    for (const button of buttons) {
      const chosen = button.dataset.value === value;
      button.setAttribute("aria-checked", String(chosen));
      button.tabIndex = chosen || (value === undefined && button === buttons[0]) ? 0 : -1;
    }
  });
  return group;
}

/**
 * A row with a control's name before it.
 * @param {string} label @param {HTMLElement} element @param {HTMLElement | string | null} [after]
 */
export function row(label, element, after = null) {
  const id = element.id || `control-${++rows}`;
  element.id = id;
  element.removeAttribute("aria-label");
  const tag = element instanceof HTMLInputElement || element instanceof HTMLSelectElement ? "label" : "span";
  const name = make(tag, tag === "label" ? { for: id, class: "quiet", text: label } : { class: "quiet", text: label });
  if (tag === "span") element.setAttribute("aria-label", label);
  if (!after) element.classList.add("wide");
  return make("div", { class: "row" }, name, element, after);
}

let rows = 0;
