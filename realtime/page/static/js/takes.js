// @ts-check
/** Takes: to listen to and to download. */

import { make, say } from "./dom.js";

const TITLES = { "sound.wav": "Sound (WAV)", "parts.mid": "Parts (MIDI)", "input.mid": "Keyboard (MIDI)", "events.jsonl": "Event log" };
const NAME = /^take-(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)/;
/** After the end of a take its files are being completed for a moment. */
const SETTLING_MS = 400;

/** @param {number} bytes */
function size(bytes) {
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** @param {string} name of a take @returns {string} when it was begun */
function title(name) {
  const [, year, month, ...rest] = (NAME.exec(name) ?? []).map(Number);
  if (!year) return name;
  const [day, hour, minute, second] = rest;
  return new Date(year, month - 1, day, hour, minute, second).toLocaleString(undefined, {
    weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit",
  });
}

/** @param {{name: string, files: Record<string, number>}} take @param {boolean} recording */
function card({ name, files }, recording) {
  const address = (/** @type {string} */ file) => `/takes/${encodeURIComponent(name)}/${encodeURIComponent(file)}`;
  const when = title(name);
  const links = Object.entries(files).map(([file, bytes]) => make("a", {
    href: address(file),
    download: `${name}-${file}`,
    text: `${TITLES[/** @type {keyof typeof TITLES} */ (file)] ?? file}, ${size(bytes)}`,
  }));
  return make("article", { class: "take", role: "listitem", "aria-label": `Take of ${when}`, data: { take: name } },
    make("div", { class: "heading" }, make("b", { text: when }), recording ? make("span", { class: "quiet", text: "recording" }) : null),
    "sound.wav" in files && !recording
      ? make("audio", { controls: true, preload: "none", src: address("sound.wav"), "aria-label": `Listen to the take of ${when}` })
      : null,
    make("div", { class: "files" }, ...(recording ? [] : links)),
  );
}

/**
 * @param {HTMLElement} sheet
 * @param {import("./host.js").Host} host
 */
export function makeTakes(sheet, host) {
  const list = make("div", { class: "cards", role: "list", "aria-label": "Takes" });
  const empty = make("p", { class: "quiet", text: "No takes yet. Record begins one." });
  sheet.append(make("section", {}, empty, list));
  let shown = "";

  async function load() {
    if (!host.store.has("takes")) return;
    try {
      const takes = await host.read("takes");
      const recording = Boolean(host.store.get("record"));
      const now = JSON.stringify([takes, recording]);
      if (now === shown) return; // a take that is being listened to stays as it is
      shown = now;
      empty.hidden = takes.length > 0;
      list.replaceChildren(...takes.map((/** @type {any} */ take, /** @type {number} */ place) => card(take, recording && place === 0)));
    } catch (error) {
      say(`The takes can't be listed: ${/** @type {Error} */ (error).message}`, true);
    }
  }

  host.addEventListener("state", load);
  host.store.watch("record", () => setTimeout(load, SETTLING_MS));
}
