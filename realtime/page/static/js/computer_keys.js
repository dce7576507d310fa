// @ts-check
/**
 * The computer's keys as a keyboard, by their place and not by their letter: two rows are an octave and a half
 * from a C upwards. Z and X shift the octave, C and V the velocity, Escape is panic.
 */

const ROW = [
  "KeyA", "KeyW", "KeyS", "KeyE", "KeyD", "KeyF", "KeyT", "KeyG", "KeyY", "KeyH", "KeyU", "KeyJ", "KeyK",
  "KeyO", "KeyL", "KeyP", "Semicolon", "Quote",
];
const LETTERS = "AWSEDFTGYHUJKOLP;'";
const LOWEST_C = 12;
const HIGHEST_C = 96;
const VELOCITY_STEP = 12;

export class ComputerKeys {
  /**
   * @param {import("./player.js").Player} player
   * @param {Record<string, () => void>} actions what other keys do, by their code
   */
  constructor(player, actions) {
    this.player = player;
    this.actions = actions;
    this.first = 60;
    this.velocity = 90;
    /** @type {() => void} */
    this.onShift = () => {};
    /** @type {Map<string, number>} */
    this.down = new Map();
    document.addEventListener("keydown", (event) => this.press(event));
    document.addEventListener("keyup", (event) => this.lift(event.code));
    addEventListener("blur", () => this.down.clear());
  }

  /** The letter that plays a pitch, or nothing. @param {number} pitch */
  letter(pitch) {
    return LETTERS[pitch - this.first] ?? "";
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const { target, code } = event;
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    if (target instanceof HTMLElement && target.closest("input:not([type=range]), select, textarea, dialog")) return;
    const place = ROW.indexOf(code);
    if (place >= 0) {
      event.preventDefault();
      const pitch = this.first + place;
      this.down.set(code, pitch);
      this.player.press(`computer ${code}`, pitch, this.velocity);
    } else if (code === "KeyZ") this.shift(-12);
    else if (code === "KeyX") this.shift(12);
    else if (code === "KeyC") this.velocity = Math.max(this.velocity - VELOCITY_STEP, 6);
    else if (code === "KeyV") this.velocity = Math.min(this.velocity + VELOCITY_STEP, 126);
    else this.actions[code]?.();
  }

  /** @param {string} code */
  lift(code) {
    const pitch = this.down.get(code);
    if (pitch === undefined) return;
    this.down.delete(code);
    this.player.release(`computer ${code}`, pitch);
  }

  /** @param {number} by */
  shift(by) {
    this.first = Math.min(Math.max(this.first + by, LOWEST_C), HIGHEST_C);
    this.onShift();
  }
}
