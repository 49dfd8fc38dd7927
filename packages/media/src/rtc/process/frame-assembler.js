import { startsFrame } from '@kaibo/formats';
/** A frame of more is no frame: 4 MiB in packets of 1,000 bytes. */
const MAX_FRAME_PACKETS = 4096;
/**
 * Gathers packets in order into frames: one timestamp, ended by the marker or by the next timestamp (RFC 6184, 5.1). A
 * frame with a hole in it is left out.
 */
export class FrameAssembler {
  #codec;
  #onFrame;
  #payloads = [];
  #timestamp;
  #isBroken = false;
  /** After a hole: the next frame's first packet must show that it is one. */
  #isAfterGap = false;
  constructor({ codec, onFrame }) {
    this.#codec = codec;
    this.#onFrame = onFrame;
  }
  gap() {
    this.#isBroken = true;
    this.#isAfterGap = true;
    this.#payloads = [];
  }
  push({ timestamp, marker, payload }) {
    if (timestamp !== this.#timestamp) this.#begin(timestamp, payload);
    if (payload.length > 0 && !this.#isBroken) this.#payloads.push(payload);
    if (this.#payloads.length > MAX_FRAME_PACKETS) this.gap();
    if (marker) this.#end();
  }
  #begin(timestamp, payload) {
    if (this.#payloads.length > 0) this.#end();
    this.#timestamp = timestamp;
    this.#isBroken = this.#isAfterGap && !startsFrame(this.#codec, payload);
    if (!this.#isBroken) this.#isAfterGap = false;
  }
  #end() {
    const payloads = this.#payloads;
    const timestamp = this.#timestamp ?? 0;
    this.#payloads = [];
    this.#timestamp = undefined;
    if (payloads.length > 0 && !this.#isBroken) this.#onFrame({ timestamp, payloads });
    if (this.#isBroken) this.#isAfterGap = true;
  }
}
