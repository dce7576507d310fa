// @ts-check
/** Whose colour is whose: the parts' names over the roll, brighter while they sound. */

import { find, make } from "./dom.js";
import { paint } from "./palette.js";

/** @param {import("./host.js").Host} host */
export function makeLegend(host) {
  const list = find("legend");
  let key = "";
  let scope = host.store.scoped();
  host.addEventListener("state", () => {
    /** @type {string[]} */
    const parts = host.store.get("parts") ?? [];
    if (key === JSON.stringify(parts)) return;
    key = JSON.stringify(parts);
    scope.end();
    scope = host.store.scoped();
    list.replaceChildren(...parts.map((name, part) => {
      const swatch = make("span", { class: "swatch", text: String(part + 1), "aria-hidden": "true" });
      paint(swatch, part);
      const item = make("li", {}, swatch, name);
      scope.watch(`parts/${part + 1}/plays`, (/** @type {boolean} */ plays) => item.classList.toggle("off", plays === false));
      return item;
    }));
  });
  host.notes.listeners.add((note) => list.children[note.part]?.classList.toggle("sounding", host.notes.of(note.part).length > 0));
}
