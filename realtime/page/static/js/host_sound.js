// @ts-check
/**
 * Plays the host's sound on the page's own clock. Blocks come unevenly; what counts is how little was left in
 * the store at its emptiest of late. That is held at a small margin by reading a little faster or slower than
 * real time; the margin grows when the store runs dry, and shrinks again in calm.
 *
 * @typedef {object} Report
 * @property {number} time context time of the next frame that is read
 * @property {number} frame the host's frame that is read then, -1 while nothing is
 * @property {number} fill seconds in the store
 * @property {number} margin seconds that are held ready
 * @property {number} dry how often the store ran dry
 * @property {number} peak 0 to 1, since the last report
 */

const KEPT = 1 << 17;
const FIRST_FILL_SECONDS = 0.03;
const FIRST_MARGIN_SECONDS = 0.008;
const LEAST_MARGIN_SECONDS = 0.004;
const MOST_MARGIN_SECONDS = 0.2;
const WINDOW_SECONDS = 1;
const CALM_SECONDS = 8;
/** An excess beyond this is left out at once, with a short fade; a smaller one is played a little faster. */
const JUMP_SECONDS = 0.03;
/** How far the pitch may bend: 4 cents. */
const MOST_BEND = 0.0023;
const FADE_FRAMES = 96;
const REPORT_SECONDS = 0.1;

export class HostSound {
  /**
   * @param {number} rate frames a second of the host
   * @param {number} own frames a second of this page
   * @param {(report: Report) => void} tell takes a report ten times a second
   */
  constructor(rate, own, tell) {
    this.rate = rate;
    this.own = own;
    this.tell = tell;
    this.left = new Float32Array(KEPT);
    this.right = new Float32Array(KEPT);
    /** Host frames: the next to be written, and the one that is read. */
    this.head = -1;
    this.at = 0;
    this.playing = false;
    this.firstFill = FIRST_FILL_SECONDS;
    this.margin = FIRST_MARGIN_SECONDS;
    this.lowest = Infinity;
    this.windowEnd = 0;
    this.bend = 0;
    this.jump = 0;
    this.gain = 0;
    this.last = [0, 0];
    this.dry = 0;
    this.calmSince = 0;
    this.reported = 0;
    this.peak = 0;
  }

  /** @param {{frame: number, samples: Int16Array}} block of the host's sound: stereo, interleaved */
  take({ frame, samples }) {
    const frames = samples.length / 2;
    if (this.head < 0 || frame < this.head || frame - this.head > this.rate / 4) {
      this.playing = false;
      this.head = this.at = frame;
    }
    for (; this.head < frame; this.head++) this.left[this.head % KEPT] = this.right[this.head % KEPT] = 0;
    for (let place = 0; place < frames; place++, this.head++) {
      this.left[this.head % KEPT] = samples[2 * place] / 32768;
      this.right[this.head % KEPT] = samples[2 * place + 1] / 32768;
    }
  }

  /** @param {Float32Array} line @param {number} at @returns {number} by the cubic through four frames (Catmull-Rom) */
  sample(line, at) {
    const place = Math.floor(at);
    const t = at - place;
    const a = line[(place - 1 + KEPT) % KEPT];
    const b = line[place % KEPT];
    const c = line[(place + 1) % KEPT];
    const d = line[(place + 2) % KEPT];
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
  }

  /**
   * Give the next frames.
   * @param {Float32Array} left
   * @param {Float32Array} right
   * @param {number} now context time of the first of them
   */
  give(left, right, now) {
    if (!this.playing) this.begin(now);
    else this.regulate(now);
    const step = (this.rate / this.own) * (1 + this.bend);
    for (let place = 0; place < left.length; place++) {
      if (this.playing && this.at + 3 > this.head) this.runDry(now);
      const aim = this.playing && !this.jump ? 1 : 0;
      this.gain += Math.sign(aim - this.gain) * Math.min(Math.abs(aim - this.gain), 1 / FADE_FRAMES);
      if (this.playing) {
        this.last = [this.sample(this.left, this.at), this.sample(this.right, this.at)];
        this.at += step;
      }
      if (this.jump && this.gain === 0) {
        this.at += this.jump;
        this.jump = 0;
      }
      left[place] = this.last[0] * this.gain;
      right[place] = this.last[1] * this.gain;
      this.peak = Math.max(this.peak, Math.abs(left[place]), Math.abs(right[place]));
    }
    if (now - this.reported > REPORT_SECONDS) this.report(now + left.length / this.own);
  }

  /** Start to read once there is enough. @param {number} now */
  begin(now) {
    const enough = this.firstFill * this.rate;
    if (this.head < 0 || this.head - this.at < enough) return;
    this.at = this.head - enough;
    this.playing = true;
    this.bend = 0;
    this.calmSince = now;
    this.lowest = Infinity;
    this.windowEnd = now + WINDOW_SECONDS;
  }

  /** Keep the store at its emptiest near the margin. @param {number} now */
  regulate(now) {
    this.lowest = Math.min(this.lowest, (this.head - this.at) / this.rate);
    if (now < this.windowEnd) return;
    const excess = this.lowest - this.margin;
    if (excess > JUMP_SECONDS) this.jump = excess * this.rate;
    else this.bend = Math.min(Math.max(excess / (4 * WINDOW_SECONDS), -MOST_BEND), MOST_BEND);
    this.lowest = Infinity;
    this.windowEnd = now + WINDOW_SECONDS;
    if (now - this.calmSince > CALM_SECONDS) {
      this.calmSince = now;
      this.margin = Math.max(this.margin * 0.85, LEAST_MARGIN_SECONDS);
      this.firstFill = Math.max(this.firstFill * 0.85, FIRST_FILL_SECONDS);
    }
  }

  /** @param {number} now */
  runDry(now) {
    this.playing = false;
    this.jump = 0;
    this.dry += 1;
    this.calmSince = now;
    this.margin = Math.min(this.margin * 1.5 + 0.004, MOST_MARGIN_SECONDS);
    this.firstFill = Math.min(this.firstFill * 1.3, MOST_MARGIN_SECONDS);
  }

  /** @param {number} time context time of the next frame that is read */
  report(time) {
    this.reported = time;
    this.tell({
      time,
      frame: this.playing ? this.at : -1,
      fill: (this.head - this.at) / this.rate,
      margin: this.margin,
      dry: this.dry,
      peak: this.peak,
    });
    this.peak = 0;
  }
}
