// @ts-check
/**
 * What is held on this page, by mouse, touch, computer keys and Web MIDI together: a key goes down at the host
 * with the first finger on it and up with the last, and nothing stays down when the page loses sight of it.
 */

export class Player {
  /** @param {(message: object) => boolean} send */
  constructor(send) {
    this.send = send;
    /** @type {Map<number, Set<string>>} */
    this.held = new Map();
    /** @type {Set<(pitch: number, down: boolean) => void>} */
    this.listeners = new Set();
    addEventListener("blur", () => this.releaseAll());
    addEventListener("pagehide", () => this.releaseAll());
    document.addEventListener("visibilitychange", () => document.hidden && this.releaseAll());
  }

  /** @param {string} finger what presses, such as `mouse` @param {number} pitch @param {number} velocity */
  press(finger, pitch, velocity) {
    if (pitch < 0 || pitch > 127) return;
    const fingers = this.held.get(pitch) ?? new Set();
    if (fingers.has(finger)) return;
    this.held.set(pitch, fingers.add(finger));
    if (fingers.size > 1) return;
    this.send({ type: "note_on", pitch, velocity });
    this.tell(pitch, true);
  }

  /** @param {string} finger @param {number} pitch */
  release(finger, pitch) {
    const fingers = this.held.get(pitch);
    if (!fingers?.delete(finger) || fingers.size) return;
    this.held.delete(pitch);
    this.send({ type: "note_off", pitch });
    this.tell(pitch, false);
  }

  /** Let go of what fingers of one kind hold; of everything where none is named. @param {string} [kind] */
  releaseAll(kind = "") {
    for (const [pitch, fingers] of [...this.held]) {
      for (const finger of [...fingers]) if (finger.startsWith(kind)) this.release(finger, pitch);
    }
  }

  /** @param {number} pitch @param {boolean} down */
  tell(pitch, down) {
    for (const fn of this.listeners) fn(pitch, down);
  }
}
