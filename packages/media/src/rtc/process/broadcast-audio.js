import { FormatError, parseAudioTagHeader, RTP_HEADER_BYTES } from '@kaibo/formats';
import { OPUS_CLOCK_HZ } from './codecs.ts';
import { RtpHistory } from './rtp-history.ts';
const TICKS_PER_MS = OPUS_CLOCK_HZ / 1000;
/** RFC 6716, 3.4: 120 ms at 510 kbit/s; more fits no packet and is no Opus. */
const MAX_OPUS_BYTES = 1188;
/** The Opus of one broadcast, one packet a frame (RFC 7587). */
export class BroadcastAudio {
  history = new RtpHistory();
  #frame = 0;
  /** Takes an Opus packet and tells the number of its RTP packet; undefined for configurations and what cannot be sent. */
  push(packet) {
    if (packet.config || packet.end || packet.codec !== 'opus') return undefined;
    const coded = opusBytes(packet);
    if (!coded || coded.length === 0 || coded.length > MAX_OPUS_BYTES) return undefined;
    const bytes = new Uint8Array(RTP_HEADER_BYTES + coded.length);
    bytes.set(coded, RTP_HEADER_BYTES);
    const from = this.history.next;
    this.#frame++;
    const timestamp = Math.round(packet.ptsMs * TICKS_PER_MS) >>> 0;
    // RFC 7587, 4.2: the marker is for the first packet after silence, which nobody here knows of.
    this.history.push({ bytes, frame: this.#frame, timestamp, marker: false });
    return from;
  }
  /** Sound has no past to catch up with: a viewer begins with what comes next. */
  start(line, from = this.history.next) {
    line.begin(from, { frame: 0, timestamp: 0, step: 0 });
  }
}
function opusBytes({ payload }) {
  try {
    const header = parseAudioTagHeader(payload);
    if (header.form !== 'enhanced') return undefined;
    return header.multitrack?.tracks[0]?.payload ?? payload.subarray(header.headerBytes);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}
