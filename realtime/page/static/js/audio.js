// @ts-check
/**
 * The page's own sound: asks the host for its sound and plays it here, and measures how much later it is heard
 * than the host made it.
 */

import { HostSound } from "./host_sound.js";

const HEADER_BYTES = 8;
const SCRIPT_FRAMES = 1024;
const KEPT_MEASURES = 20;

export class PageAudio extends EventTarget {
  /** @param {import("./host.js").Host} host */
  constructor(host) {
    super();
    this.host = host;
    /** @type {AudioContext | null} */
    this.context = null;
    /** Takes the blocks of the host's sound. @type {((block: {frame: number, samples: Int16Array}) => void) | null} */
    this.feed = null;
    /** @type {GainNode | null} */
    this.gain = null;
    this.on = false;
    this.volume = 1;
    /** @type {number[]} */
    this.measures = [];
    /** @type {{fill: number, margin: number, dry: number, peak: number} | null} */
    this.report = null;
    this.heard = 0;
    host.addEventListener("audio", (event) => this.take(/** @type {CustomEvent} */ (event).detail));
    host.addEventListener("state", () => this.on && this.ask());
  }

  /** Seconds from the host's making of a frame to its being heard here: the median of late; NaN while unknown. */
  get latency() {
    const sorted = [...this.measures].sort((a, b) => a - b);
    return sorted.length ? sorted[sorted.length >> 1] : NaN;
  }

  /** Begin to play; the browser wants it to follow from something that the player did. */
  async start() {
    if (this.on) return this.context?.resume();
    this.on = true;
    this.dispatchEvent(new Event("change"));
    try {
      await this.open();
    } catch (error) {
      this.on = false;
      this.dispatchEvent(new Event("change"));
      throw error;
    }
    return this.ask();
  }

  async open() {
    if (this.context) return this.context.resume();
    const { rate } = this.host;
    const context = new AudioContext({ latencyHint: "interactive", sampleRate: rate });
    const node = context.audioWorklet ? await this.worklet(context, rate) : this.script(context, rate);
    this.gain = context.createGain();
    this.gain.gain.value = this.volume;
    node.connect(this.gain).connect(context.destination);
    context.onstatechange = () => this.dispatchEvent(new Event("change"));
    this.context = context;
    return context.resume();
  }

  /** @param {AudioContext} context @param {number} rate @returns {Promise<AudioNode>} */
  async worklet(context, rate) {
    await context.audioWorklet.addModule(new URL("./audio_worklet.js", import.meta.url));
    const node = new AudioWorkletNode(context, "host-sound", {
      numberOfInputs: 0,
      outputChannelCount: [2],
      processorOptions: { rate },
    });
    node.port.onmessage = (event) => this.measure(event.data);
    this.feed = (block) => node.port.postMessage(block, [block.samples.buffer]);
    return node;
  }

  /**
   * Browsers keep worklets from pages that come without HTTPS from another machine, such as to a phone: there
   * the same is done on the page's thread.
   * @param {AudioContext} context @param {number} rate @returns {AudioNode}
   */
  script(context, rate) {
    const node = context.createScriptProcessor(SCRIPT_FRAMES, 0, 2);
    const sound = new HostSound(rate, context.sampleRate, (report) => this.measure(report));
    node.onaudioprocess = ({ outputBuffer, playbackTime }) =>
      sound.give(outputBuffer.getChannelData(0), outputBuffer.getChannelData(1), playbackTime);
    this.feed = (block) => sound.take(block);
    this.scriptNode = node; // else it is collected, and falls silent
    return node;
  }

  ask() {
    this.host.connection.send({ type: "audio", format: "int16" });
  }

  stop() {
    this.on = false;
    this.measures.length = 0;
    this.host.connection.send({ type: "audio", format: null });
    this.context?.suspend();
    this.dispatchEvent(new Event("change"));
  }

  /** @param {number} volume 0 to 1 */
  setVolume(volume) {
    this.volume = volume;
    this.gain?.gain.setTargetAtTime(volume, this.gain.context.currentTime, 0.02);
  }

  /** @param {ArrayBuffer} data a block of the host's sound */
  take(data) {
    if (!this.feed || data.byteLength <= HEADER_BYTES) return;
    const frame = Number(new DataView(data).getBigInt64(0, true));
    this.feed({ frame, samples: new Int16Array(data, HEADER_BYTES) });
  }

  /** @param {any} report of the worklet */
  measure(report) {
    this.report = report;
    this.heard = Math.max(report.peak, 0);
    if (this.context && report.frame >= 0 && this.context.state === "running") {
      const { rate, clock } = this.host;
      let { contextTime = 0, performanceTime = 0 } = this.context.getOutputTimestamp();
      if (!contextTime) {
        contextTime = this.context.currentTime - (this.context.outputLatency || this.context.baseLatency || 0);
        performanceTime = performance.now();
      }
      const frame = report.frame + (contextTime - report.time) * rate;
      this.measures.push(clock.at(performanceTime) - frame / rate);
      if (this.measures.length > KEPT_MEASURES) this.measures.shift();
    }
    this.dispatchEvent(new Event("report"));
  }
}
