// Runs in an AudioWorkletGlobalScope, as it is: collects what comes and sends it in pieces of about ten milliseconds.
/* global AudioWorkletProcessor, registerProcessor, currentTime */

const PIECE_FRAMES = 512;

class PcmTap extends AudioWorkletProcessor {
  #planes = [];
  #filled = 0;
  #timeS = 0;

  process([input]) {
    if (input.length === 0) return true;
    if (this.#planes.length !== input.length) {
      this.#planes = input.map(() => new Float32Array(PIECE_FRAMES));
      this.#filled = 0;
    }
    if (this.#filled === 0) this.#timeS = currentTime;
    for (let channel = 0; channel < input.length; channel += 1) this.#planes[channel].set(input[channel], this.#filled);
    this.#filled += input[0].length;
    if (this.#filled >= PIECE_FRAMES) this.#send();
    return true;
  }

  #send() {
    const samples = new Float32Array(PIECE_FRAMES * this.#planes.length);
    this.#planes.forEach((plane, channel) => samples.set(plane, channel * PIECE_FRAMES));
    this.port.postMessage({ timeS: this.#timeS, channels: this.#planes.length, samples }, [samples.buffer]);
    this.#filled = 0;
  }
}

registerProcessor('kaibo-pcm-tap', PcmTap);
