// @ts-check
/** What lies over the empty roll: how to play, and, where the host has no sound of its own, to hear it here. */

import { find, icon, make, say } from "./dom.js";

/** Drivers that are heard at the host. */
const HEARD = ["jack", "portaudio"];

/**
 * @param {import("./host.js").Host} host
 * @param {import("./audio.js").PageAudio} audio
 * @param {import("./player.js").Player} player
 */
export function makeInvitation(host, audio, player) {
  const hint = find("hint");
  const touch = matchMedia("(pointer: coarse)").matches;
  hint.textContent = touch
    ? "Touch the keys. Each note goes to one of the parts."
    : "Play with the mouse, the letters A to ; or a MIDI keyboard. Each note goes to one of the parts.";
  host.notes.listeners.add(() => (hint.hidden = true));

  const box = find("invitation");
  const refuse = (/** @type {Error} */ error) => say(`No sound here: ${error.message}`, true);
  const hear = make("button", { type: "button", class: "button main", data: { action: "hear" }, onclick: () => audio.start().catch(refuse) }, icon("sound"), "Hear it here");
  const text = make("span", { text: "The host has no sound device." });
  box.append(text, hear);
  const silent = () => {
    const driver = host.store.get("driver")?.name;
    return driver !== undefined && !HEARD.includes(driver);
  };
  const show = () => (box.hidden = audio.on || !silent());
  host.addEventListener("state", show);
  host.store.watch("driver", show);
  audio.addEventListener("change", show);
  // The first note is what the player did: browsers let sound follow from it.
  player.listeners.add((_pitch, down) => {
    if (down && !audio.on && silent()) audio.start().catch(() => {});
  });
}
