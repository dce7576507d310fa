// @ts-check
/** The host's sound on the browser's audio thread. */

import { HostSound } from "./host_sound.js";

// @ts-ignore: the worklet's global scope
class HostSoundProcessor extends AudioWorkletProcessor {
  constructor(/** @type {any} */ options) {
    super();
    // @ts-ignore
    this.sound = new HostSound(options.processorOptions.rate, sampleRate, (report) => this.port.postMessage(report));
    // @ts-ignore
    this.port.onmessage = (event) => this.sound.take(event.data);
  }

  /** @param {any} _inputs @param {Float32Array[][]} outputs */
  process(_inputs, outputs) {
    // @ts-ignore
    this.sound.give(outputs[0][0], outputs[0][1], currentTime);
    return true;
  }
}

// @ts-ignore
registerProcessor("host-sound", HostSoundProcessor);
