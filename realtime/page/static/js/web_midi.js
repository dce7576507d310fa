// @ts-check
/** MIDI keyboards of the device that shows the page, where its browser has Web MIDI. */

const NOTE_OFF = 0x80;
const NOTE_ON = 0x90;
const SYSTEM = 0xf0;

export class WebMidi {
  /**
   * @param {import("./player.js").Player} player
   * @param {(bytes: number[]) => void} send takes what is no note: pedals, wheels, program changes
   */
  constructor(player, send) {
    this.player = player;
    this.send = send;
    /** @type {Map<string, any>} */
    this.inputs = new Map();
    /** @type {(names: string[]) => void} */
    this.onInputs = () => {};
  }

  static get there() {
    return "requestMIDIAccess" in navigator;
  }

  /** Ask the browser for its keyboards. @throws {Error} the player or the browser refuses */
  async open() {
    const access = await /** @type {any} */ (navigator).requestMIDIAccess({ sysex: false });
    access.onstatechange = () => this.scan(access);
    this.scan(access);
  }

  /** @param {any} access */
  scan(access) {
    const there = new Map();
    for (const input of access.inputs.values()) if (input.state !== "disconnected") there.set(input.id, input);
    for (const id of this.inputs.keys()) if (!there.has(id)) this.player.releaseAll(`midi ${id} `);
    for (const [id, input] of there) input.onmidimessage = (/** @type {any} */ event) => this.take(id, event.data);
    this.inputs = there;
    this.onInputs([...there.values()].map((input) => input.name ?? input.id));
  }

  /** @param {string} id @param {Uint8Array} data */
  take(id, data) {
    const [status, first, second] = data;
    const kind = status & 0xf0;
    const finger = `midi ${id} ${status & 0x0f}`;
    if (kind === NOTE_ON && second > 0) this.player.press(finger, first, second);
    else if (kind === NOTE_ON || kind === NOTE_OFF) this.player.release(finger, first);
    else if (kind < SYSTEM) this.send([...data]);
  }
}
