// @ts-check
/**
 * The page's own sound: asks the host for its sound and plays it here, and measures how much later it is heard
 * than the host made it.
 */

const HEADER_BYTES = 8;
const KEPT_MEASURES = 20;

export class PageAudio extends EventTarget {
  /** @param {import("./host.js").Host} host */
  constructor(host) {
    super();
    this.host = host;
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {AudioWorkletNode | null} */
    this.node = null;
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
    await context.audioWorklet.addModule(new URL("./audio_worklet.js", import.meta.url));
    this.node = new AudioWorkletNode(context, "host-sound", {
      numberOfInputs: 0,
      outputChannelCount: [2],
      processorOptions: { rate },
    });
    this.gain = context.createGain();
    this.gain.gain.value = this.volume;
    this.node.connect(this.gain).connect(context.destination);
    this.node.port.onmessage = (event) => this.measure(event.data);
    context.onstatechange = () => this.dispatchEvent(new Event("change"));
    this.context = context;
    return context.resume();
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
    if (!this.node || data.byteLength <= HEADER_BYTES) return;
    const frame = Number(new DataView(data).getBigInt64(0, true));
    const samples = new Int16Array(data, HEADER_BYTES);
    this.node.port.postMessage({ frame, samples }, [data]);
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
