// @ts-check
/**
 * Plays the host's sound on the page's own clock: keeps a small store of frames, reads it a little faster or
 * slower than real time so that the store stays as full as it should be, and asks for a fuller one after it
 * ran dry.
 *
 * Runs in an AudioWorklet; messages in: `{frame, samples}`, stereo, interleaved, int16. Messages out, ten times
 * a second: `{time, frame, fill, target, dry, peak}`, the frame of the host that is read at context time `time`.
 */

const KEPT = 1 << 17;
const FIRST_TARGET_SECONDS = 0.04;
const LEAST_TARGET_SECONDS = 0.02;
const MOST_TARGET_SECONDS = 0.3;
const STEP_UP_SECONDS = 0.015;
const STEP_DOWN_SECONDS = 0.002;
const CALM_SECONDS = 10;
/** How far the pitch may bend: 3 cents. */
const MOST_BEND = 0.0018;
const FADE_FRAMES = 96;
const REPORT_SECONDS = 0.1;

// @ts-ignore: the worklet's global scope
class HostSound extends AudioWorkletProcessor {
  constructor(/** @type {any} */ options) {
    super();
    this.rate = options.processorOptions.rate;
    this.left = new Float32Array(KEPT);
    this.right = new Float32Array(KEPT);
    /** Host frames: the next to be written, and the one that is read. */
    this.head = -1;
    this.at = 0;
    this.target = FIRST_TARGET_SECONDS;
    this.smooth = 0;
    this.playing = false;
    this.gain = 0;
    this.dry = 0;
    this.calmSince = 0;
    this.reported = 0;
    this.peak = 0;
    this.last = [0, 0];
    // @ts-ignore
    this.port.onmessage = (event) => this.take(event.data);
  }

  /** @param {{frame: number, samples: Int16Array}} block */
  take({ frame, samples }) {
    const frames = samples.length / 2;
    if (this.head < 0 || frame < this.head || frame - this.head > this.rate / 4) {
      this.playing = false;
      this.head = frame;
      this.at = frame;
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

  /** @param {any} _inputs @param {Float32Array[][]} outputs */
  process(_inputs, outputs) {
    const [left, right] = outputs[0];
    // @ts-ignore
    const now = currentTime, own = sampleRate;
    const target = this.target * this.rate;
    let fill = this.head - this.at;
    if (!this.playing && this.head >= 0 && fill >= target) {
      this.at = this.head - target;
      fill = this.smooth = target;
      this.playing = true;
      this.calmSince = now;
    }
    if (fill > 4 * target + this.rate * 0.05) this.at = this.head - target; // the page slept: what is old is left out
    this.smooth += (fill - this.smooth) * 0.01;
    const bend = Math.min(Math.max((this.smooth / target - 1) * 0.004, -MOST_BEND), MOST_BEND);
    const step = (this.rate / own) * (1 + bend);
    for (let place = 0; place < left.length; place++) {
      if (this.playing && this.at + 3 > this.head) this.runDry(now);
      const aim = this.playing ? 1 : 0;
      this.gain += Math.sign(aim - this.gain) * Math.min(Math.abs(aim - this.gain), 1 / FADE_FRAMES);
      if (this.playing) {
        this.last = [this.sample(this.left, this.at), this.sample(this.right, this.at)];
        this.at += step;
      }
      left[place] = this.last[0] * this.gain;
      right[place] = this.last[1] * this.gain;
      this.peak = Math.max(this.peak, Math.abs(left[place]), Math.abs(right[place]));
    }
    if (this.playing && now - this.calmSince > CALM_SECONDS) {
      this.calmSince = now;
      this.target = Math.max(this.target - STEP_DOWN_SECONDS, LEAST_TARGET_SECONDS);
    }
    if (now - this.reported > REPORT_SECONDS) this.report(now + left.length / own);
    return true;
  }

  /** @param {number} now */
  runDry(now) {
    this.playing = false;
    this.dry += 1;
    this.calmSince = now;
    this.target = Math.min(this.target + STEP_UP_SECONDS, MOST_TARGET_SECONDS);
  }

  /** @param {number} time context time of the next frame that is read */
  report(time) {
    this.reported = time;
    // @ts-ignore
    this.port.postMessage({
      time,
      frame: this.playing ? this.at : -1,
      fill: (this.head - this.at) / this.rate,
      target: this.target,
      dry: this.dry,
      peak: this.peak,
    });
    this.peak = 0;
  }
}

// @ts-ignore
registerProcessor("host-sound", HostSound);
