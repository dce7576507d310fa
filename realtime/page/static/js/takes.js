// @ts-check
/** Takes: to listen to and to download. */

import { make, say } from "./dom.js";

const TITLES = { "sound.wav": "Sound (WAV)", "parts.mid": "Parts (MIDI)", "input.mid": "Keyboard (MIDI)", "events.jsonl": "Event log" };

/** @param {number} bytes */
function size(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** @param {number} seconds */
function length(seconds) {
  return `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, "0")}`;
}

/**
 * @param {HTMLElement} sheet
 * @param {import("./host.js").Host} host
 */
export function makeTakes(sheet, host) {
  const list = make("div", { class: "sheet", role: "list", "aria-label": "Takes" });
  const empty = make("p", { class: "quiet", text: "No takes yet. Record starts one." });
  sheet.append(make("section", {}, empty, list));

  /** @param {any} take */
  function line({ name, title, seconds, files, recording }) {
    const address = (/** @type {string} */ file) => `/api/takes/${encodeURIComponent(name)}/${encodeURIComponent(file)}${location.search}`;
    const sound = files.find((/** @type {any} */ file) => file.name === "sound.wav");
    return make("article", { class: "take", role: "listitem", "aria-label": `Take ${title ?? name}`, data: { take: name } },
      make("div", { class: "row" }, make("b", { text: title ?? name }), make("span", { class: "quiet number wide", text: recording ? "recording" : seconds ? length(seconds) : "" })),
      sound && !recording ? make("audio", { controls: true, preload: "none", src: address("sound.wav"), "aria-label": `Listen to ${title ?? name}` }) : null,
      make("div", { class: "files" }, ...files.map((/** @type {any} */ file) =>
        make("a", { href: address(file.name), download: `${name}-${file.name}`, text: `${TITLES[/** @type {keyof typeof TITLES} */ (file.name)] ?? file.name}, ${size(file.bytes)}` }))),
    );
  }

  async function load() {
    try {
      const reply = await fetch(`/api/takes${location.search}`);
      if (!reply.ok) return;
      const takes = await reply.json();
      empty.hidden = takes.length > 0;
      list.replaceChildren(...takes.map(line));
    } catch {
      say("The takes could not be listed", true);
    }
  }

  host.addEventListener("state", load);
  host.store.watch("record", () => setTimeout(load, 300));
}
