// @ts-check
/**
 * The WebSocket to the host: comes back by itself, pairs replies with requests, tells the state of the line.
 */

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4000;
const PATIENCE_MS = 5000;

export class Connection {
  /**
   * @param {string} address of the WebSocket
   * @param {object} handlers
   * @param {(message: any) => void} handlers.message takes each JSON message
   * @param {(data: ArrayBuffer) => void} handlers.binary takes each binary message
   * @param {(state: "connecting" | "open" | "closed") => void} handlers.state told when the line changes
   */
  constructor(address, handlers) {
    this.address = address;
    this.handlers = handlers;
    this.pause = FIRST_PAUSE_MS;
    this.number = 0;
    /** @type {Map<number, {done: (value: any) => void, failed: (error: Error) => void, timer: number}>} */
    this.waiting = new Map();
    /** @type {Map<string, any>} */
    this.soon = new Map();
    /** @type {WebSocket | null} */
    this.socket = null;
    this.timer = 0;
    for (const event of ["online", "focus"]) addEventListener(event, () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
    this.open();
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  open() {
    clearTimeout(this.timer);
    this.handlers.state("connecting");
    const socket = new WebSocket(this.address);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.pause = FIRST_PAUSE_MS;
      this.handlers.state("open");
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") this.take(JSON.parse(data));
      else this.handlers.binary(data);
    };
    socket.onclose = () => this.lost(socket);
    this.socket = socket;
  }

  /** @param {WebSocket} socket */
  lost(socket) {
    if (socket !== this.socket) return;
    this.socket = null;
    for (const [, { failed, timer }] of this.waiting) {
      clearTimeout(timer);
      failed(new Error("the connection to the host was lost"));
    }
    this.waiting.clear();
    this.handlers.state("closed");
    this.timer = setTimeout(() => this.open(), this.pause * (0.75 + Math.random() / 2));
    this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
  }

  /** Try at once where a pause is being waited for: the player has come back to the page. */
  hurry() {
    if (this.socket) return;
    this.pause = FIRST_PAUSE_MS;
    this.open();
  }

  /** @param {any} message */
  take(message) {
    const asked = this.waiting.get(message.id);
    if (asked) {
      this.waiting.delete(message.id);
      clearTimeout(asked.timer);
      if (message.type === "error") asked.failed(new Error(message.error));
      else asked.done(message);
      return;
    }
    this.handlers.message(message);
  }

  /**
   * Send without waiting for a reply.
   * @param {object} message
   * @returns {boolean} whether there is a line to send it on
   */
  send(message) {
    if (!this.isOpen) return false;
    this.socket?.send(JSON.stringify(message));
    return true;
  }

  /**
   * Send, and return the reply; refused with the host's own sentence.
   * @param {object} message
   * @returns {Promise<any>}
   */
  ask(message) {
    const id = ++this.number;
    return new Promise((done, failed) => {
      if (!this.send({ ...message, id })) {
        failed(new Error("not connected to the host"));
        return;
      }
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        failed(new Error("the host did not answer"));
      }, PATIENCE_MS);
      this.waiting.set(id, { done, failed, timer });
    });
  }
}
