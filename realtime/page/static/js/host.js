// @ts-check
/**
 * The host as the page knows it: its controls, its time, the notes that sound, what it measures. The only
 * module that knows the shapes of the messages; realtime/control/README.md says them.
 */

import { HostClock } from "./clock.js";
import { Connection } from "./connection.js";
import { described } from "./describe.js";
import { Notes } from "./notes.js";
import { Store } from "./store.js";

const PING_MS = 1000;
const FIRST_PINGS = 5;

export class Host extends EventTarget {
  constructor() {
    super();
    this.clock = new HostClock();
    this.notes = new Notes();
    this.store = new Store(async (name, value) => (await this.connection.ask({ type: "set", name, value })).value);
    /** @type {any[]} */
    this.table = [];
    /** @type {Record<string, string[]>} */
    this.choices = {};
    /** @type {any} */
    this.state = null;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.connection = new Connection(`${scheme}://${location.host}/ws`, {
      message: (message) => this.take(message),
      binary: (data) => this.dispatchEvent(new CustomEvent("audio", { detail: data })),
      state: (state) => this.changeLine(state),
    });
    setInterval(() => this.ping(), PING_MS);
  }

  /** Call a control. @param {string} name @param {any} [value] @returns {Promise<any>} */
  async call(name, value) {
    const message = value === undefined ? { type: "call", name } : { type: "call", name, value };
    return (await this.connection.ask(message)).value;
  }

  /** @param {string} name @returns {Promise<any>} the value of a control that is read when asked for */
  async read(name) {
    return (await this.connection.ask({ type: "get", name })).value;
  }

  ping() {
    this.connection.send({ type: "ping", time: performance.now() });
  }

  /** Frames a second of the engine. */
  get rate() {
    return this.store.get("driver")?.rate ?? 48000;
  }

  /** @param {"connecting" | "open" | "closed"} state */
  changeLine(state) {
    document.body.dataset.connection = state;
    if (state === "closed") {
      this.notes.endAll(this.clock.now());
      this.lookForToken();
    }
    if (state === "open") {
      this.clock.reset();
      this.table = [];
      for (let place = 0; place < FIRST_PINGS; place++) setTimeout(() => this.ping(), place * 40);
    }
    this.dispatchEvent(new CustomEvent("line", { detail: state }));
  }

  /** Have the host ask for its token where it no longer takes what this browser has: a WebSocket can't tell why. */
  async lookForToken() {
    const reply = await fetch("/api/title").catch(() => null);
    if (reply?.status === 401) location.reload();
  }

  /** @param {any} message */
  take(message) {
    const { type } = message;
    if (type === "change") this.store.take(message.name, message.value);
    else if (type === "notes") this.takeNotes(message);
    else if (type === "pong") this.clock.answer(message.seconds, message.time, performance.now());
    else if (type === "state") this.takeState(message);
    else this.dispatchEvent(new CustomEvent(type, { detail: message }));
  }

  /** @param {any} message */
  async takeState(message) {
    this.state = message;
    this.clock.hint(message.seconds);
    this.restoreNotes(message);
    if (!this.table.length) {
      const reply = await fetch("/api/controls");
      const body = await reply.json();
      this.table = body.controls ?? body;
    }
    const { values, choices } = this.state;
    this.choices = choices ?? {};
    this.store.replace(described(this.table, values.parts?.length ?? 0, this.choices), values);
    this.dispatchEvent(new CustomEvent("state", { detail: this.state }));
  }

  /** Show what sounds already, and end what ended while the line was down. @param {any} message */
  restoreNotes({ sounding = [], seconds }) {
    const last = this.notes.all.at(-1);
    if (last && last.start > seconds + 1) this.notes.clear();
    this.notes.endAll(seconds, new Set(sounding.map((/** @type {any[]} */ row) => row[0])));
    this.takeNotes({ on: sounding, off: [], seconds });
  }

  /** @param {any} message */
  takeNotes({ on = [], off = [], seconds }) {
    if (seconds !== undefined) this.clock.hint(seconds);
    for (const [id, start, part, pitch, velocity, confidence, origin] of on) {
      this.notes.begin({ id, start, part: part - 1, pitch, velocity, confidence, continued: Boolean(origin) });
    }
    for (const [id, end] of off) this.notes.end(id, end);
  }
}
