// @ts-check
/** What the roll shows, in words: for screen readers, and for whoever reads the page without eyes. */

import { find, make } from "./dom.js";
import { noteName } from "./pitch.js";

const KEPT = 64;

export class NoteLog {
  /**
   * @param {import("./notes.js").Notes} notes
   * @param {(part: number) => string} partName
   */
  constructor(notes, partName) {
    this.list = find("log");
    this.partName = partName;
    /** @type {Map<import("./notes.js").Note, HTMLElement>} */
    this.lines = new Map();
    notes.listeners.add((note) => this.tell(note));
  }

  /** Have each note spoken as it is played, or not. @param {boolean} on */
  announce(on) {
    this.list.setAttribute("aria-live", on ? "polite" : "off");
  }

  /** @param {import("./notes.js").Note} note */
  tell(note) {
    const line = this.lines.get(note);
    if (line) {
      line.dataset.state = "ended";
      this.lines.delete(note);
      return;
    }
    const sure = note.confidence === null ? "by rule" : `${Math.round(note.confidence * 100)} % sure`;
    const part = this.partName(note.part);
    const item = make("li", {
      text: `${noteName(note.pitch)}: ${part}, ${note.continued ? "played by the model" : sure}`,
      data: { pitch: note.pitch, partName: part, place: note.part + 1, confidence: note.confidence ?? "", state: "sounding" },
    });
    this.lines.set(note, item);
    this.list.append(item);
    while (this.list.childElementCount > KEPT) this.list.firstElementChild?.remove();
  }
}
