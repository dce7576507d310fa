// @ts-check
/** Puts the page together. */

import "./theme.js";
import { PageAudio } from "./audio.js";
import { ComputerKeys } from "./computer_keys.js";
import { makeContinuation } from "./continuation.js";
import { find, say } from "./dom.js";
import { Host } from "./host.js";
import { makeInvitation } from "./invitation.js";
import { Keyboard } from "./keyboard.js";
import { Learn } from "./learn.js";
import { makeLegend } from "./legend.js";
import { NoteLog } from "./log.js";
import { Meters, outputMeter } from "./meters.js";
import { Player } from "./player.js";
import { makePresets } from "./presets.js";
import { Roll } from "./roll.js";
import { makeSetup } from "./setup.js";
import { Strips } from "./strips.js";
import { makeTabs, measureFrame } from "./tabs.js";
import { makeTakes } from "./takes.js";
import { makeTiming } from "./timing.js";
import { makeSelectors, makeTransport } from "./transport.js";
import { WebMidi } from "./web_midi.js";

/** @param {string} id */
const canvas = (id) => /** @type {HTMLCanvasElement} */ (find(id));

const host = new Host();
host.store.onRefusal = (error) => say(error.message, true);
host.addEventListener("state", () => (document.title = `${host.store.get("title") ?? "Concertino"} · Concertino`));
host.addEventListener("notice", (event) => say(/** @type {CustomEvent} */ (event).detail.text));
host.addEventListener("error", (event) => say(/** @type {CustomEvent} */ (event).detail.error, true));

const audio = new PageAudio(host);
const player = new Player((message) => host.connection.send(message));
const sheets = makeTabs([
  ["ensemble", "Ensemble"],
  ["continue", "Continue"],
  ["presets", "Presets"],
  ["takes", "Takes"],
  ["timing", "Timing"],
  ["setup", "Setup"],
]);
measureFrame();
makeSelectors(host);
const { panic, tap } = makeTransport(host);
const learn = new Learn(host);
const keys = new ComputerKeys(player, { Escape: panic, Backquote: tap });
const keyboard = new Keyboard(player, host.notes, (pitch) => keys.letter(pitch));
keys.onShift = () => keyboard.label();
document.body.classList.add("computer-keys");
const roll = new Roll(canvas("ground"), canvas("roll"), host.notes, host.clock, () => keyboard.range);
keyboard.onRange = () => roll.resize();
const log = new NoteLog(host.notes, (part) => host.store.get("parts")?.[part] ?? `Part ${part + 1}`);
const midi = new WebMidi(player, (data) => host.connection.send({ type: "midi", data }));
makeLegend(host);
makeInvitation(host, audio, player);
new Meters(host);
find("status").prepend(outputMeter());
new Strips(sheets.ensemble, host);
makeContinuation(sheets.continue, host);
makePresets(sheets.presets, host, learn);
makeTakes(sheets.takes, host);
makeTiming(sheets.timing, host, audio);
makeSetup(sheets.setup, host, { audio, midi, log });

/** For the browser's console, and for tests. */
Object.assign(window, { concertino: { host, audio, player, roll, keyboard, keys, learn } });
