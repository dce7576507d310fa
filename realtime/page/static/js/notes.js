// @ts-check
/**
 * The notes that sounded of late.
 *
 * @typedef {object} Note
 * @property {number} id the host's number for it
 * @property {number} part counted from 0
 * @property {number} pitch
 * @property {number} velocity
 * @property {number | null} confidence 0 to 1: how sure the separator was; null where a rule chose, or the model plays
 * @property {boolean} continued whether the model played it by itself
 * @property {number} start seconds of the engine
 * @property {number | null} end null while it sounds
 */

const KEPT_SECONDS = 30;
const MOST = 4000;

export class Notes {
  constructor() {
    /** @type {Note[]} */
    this.all = [];
    /** @type {Map<number, Note>} */
    this.sounding = new Map();
    /** @type {Set<(note: Note) => void>} */
    this.listeners = new Set();
  }

  /** Begin a note; one that is known already is left as it is. @param {Omit<Note, "end">} fields */
  begin(fields) {
    if (this.sounding.has(fields.id)) return;
    /** @type {Note} */
    const note = { ...fields, end: null };
    this.sounding.set(note.id, note);
    this.all.push(note);
    if (this.all.length > MOST) this.all.splice(0, this.all.length - MOST);
    this.tell(note);
  }

  /** @param {number} id @param {number} seconds of the engine */
  end(id, seconds) {
    const note = this.sounding.get(id);
    if (!note) return;
    this.sounding.delete(id);
    note.end = Math.max(seconds, note.start);
    this.tell(note);
  }

  /** End all but those named: after a reconnection, what ended meanwhile. @param {number} seconds @param {Set<number>} [but] */
  endAll(seconds, but = new Set()) {
    for (const id of [...this.sounding.keys()]) if (!but.has(id)) this.end(id, seconds);
  }

  /** Forget everything: another host, whose time begins anew. */
  clear() {
    this.endAll(0);
    this.all.length = 0;
  }

  /** Forget what is long gone. @param {number} now seconds of the engine */
  forget(now) {
    const first = this.all.findIndex((note) => note.end === null || note.end > now - KEPT_SECONDS);
    if (first > 0) this.all.splice(0, first);
    else if (first < 0) this.all.length = 0;
  }

  /** @param {number} pitch @returns {Note | undefined} the note that sounds at a pitch, the latest of several */
  at(pitch) {
    let latest;
    for (const note of this.sounding.values()) {
      if (note.pitch === pitch && !(latest && latest.start > note.start)) latest = note;
    }
    return latest;
  }

  /** @param {number} part counted from 0 @returns {Note[]} what sounds in a part */
  of(part) {
    return [...this.sounding.values()].filter((note) => note.part === part);
  }

  /** @param {Note} note */
  tell(note) {
    for (const fn of this.listeners) fn(note);
  }
}
