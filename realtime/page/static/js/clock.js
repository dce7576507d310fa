// @ts-check
/**
 * The host's time as seen from this page: seconds of the engine, from what is left of the network's delay.
 */

const KEPT = 24;

export class HostClock {
  constructor() {
    /** @type {{round: number, offset: number}[]} */
    this.samples = [];
    this.offset = NaN;
    /** Shortest round trip of late, in seconds. */
    this.round = NaN;
  }

  /** Forget the host: another one may have started. */
  reset() {
    this.samples.length = 0;
    this.offset = NaN;
  }

  /**
   * Take the answer to a ping.
   * @param {number} seconds the engine's time when it answered
   * @param {number} sent this page's time when it asked, in ms
   * @param {number} received this page's time when the answer came, in ms
   */
  answer(seconds, sent, received) {
    const round = (received - sent) / 1000;
    this.samples.push({ round, offset: seconds + round / 2 - received / 1000 });
    if (this.samples.length > KEPT) this.samples.shift();
    const best = this.samples.reduce((a, b) => (b.round < a.round ? b : a));
    this.round = best.round;
    this.offset = best.offset;
  }

  /**
   * Take the time of a message that was not asked for, until a ping has been answered.
   * @param {number} seconds
   */
  hint(seconds) {
    if (!this.samples.length) this.offset = Math.max(this.offset || -Infinity, seconds - performance.now() / 1000);
  }

  /** The engine's time now, in seconds. */
  now() {
    return performance.now() / 1000 + (this.offset || 0);
  }

  /** The engine's time at a time of this page. @param {number} ms @returns {number} seconds */
  at(ms) {
    return ms / 1000 + (this.offset || 0);
  }
}
