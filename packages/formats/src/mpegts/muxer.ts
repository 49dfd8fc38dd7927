import type { MediaPacket } from '../flv/media-packet.ts';
import { isSample, samplePayload } from '../isobmff/sample-payload.ts';
import { adtsHeader, adtsOf } from './adts.ts';
import type { Adts } from './adts.ts';
import { accessUnit, annexBOf } from './annex-b.ts';
import type { AnnexB } from './annex-b.ts';
import { TsPackets } from './packets.ts';
import { encodePes } from './pes.ts';
import { PAT_PID, PMT_PID, programAssociation, programMap } from './psi.ts';

const VIDEO_PID = 0x100;
const AUDIO_PID = 0x101;
// stream_id, ISO/IEC 13818-1, table 2-22.
const STREAM_ID_VIDEO = 0xe0;
const STREAM_ID_AUDIO = 0xc0;
const STREAM_TYPE_ADTS = 0x0f;
const TICKS_PER_MS = 90;
/** The clock is this much behind decoding, so that a frame has arrived when it is decoded: ffmpeg's `muxdelay`. */
const DELAY_TICKS = 63_000;
/** Audio frames share a PES packet, whose last transport packet is filled up, as far as this. */
const AUDIO_PES_BYTES = 2930;
const AUDIO_PES_MS = 200;

/** Audio frames that will share a PES packet. */
interface AudioUnit {
  startMs: number;
  pieces: Uint8Array[];
  sizeBytes: number;
}

/**
 * Packets of one configuration to segments of an MPEG-2 transport stream (ISO/IEC 13818-1; RFC 8216bis, 3.1.1): H.264
 * or H.265 with parameter sets before each key frame, AAC as ADTS.
 */
export class TsMuxer {
  readonly #video: AnnexB | undefined;
  readonly #audio: Adts | undefined;
  readonly #programMap: Uint8Array;
  readonly #packets = new TsPackets();

  /** Takes configuration packets. @throws FormatError `unsupported` for codecs that are not carried here */
  constructor({ video, audio }: { video?: MediaPacket; audio?: MediaPacket }) {
    this.#video = video && annexBOf(video);
    this.#audio = audio && adtsOf(audio);
    const streams = [];
    if (this.#video) streams.push({ pid: VIDEO_PID, streamType: this.#video.streamType });
    if (this.#audio) streams.push({ pid: AUDIO_PID, streamType: STREAM_TYPE_ADTS });
    this.#programMap = programMap(streams);
  }

  /**
   * A segment of these packets in stream time, tables first. What is no sample, or of a track that is not there, is
   * passed over.
   * @throws FormatError for a frame that cannot be read: the segment is lost, the next one can be made
   */
  segment(packets: readonly MediaPacket[]): Uint8Array {
    this.#packets.take(); // what a segment that failed left behind
    this.#packets.write({ pid: PAT_PID, bytes: programAssociation(), section: true });
    this.#packets.write({ pid: PMT_PID, bytes: this.#programMap, section: true });
    let audioUnit: AudioUnit | undefined;
    for (const packet of packets) {
      if (!isSample(packet)) continue;
      if (packet.kind === 'video' && this.#video) this.#writeVideo(this.#video, packet);
      if (packet.kind === 'audio' && this.#audio) audioUnit = this.#collect(this.#audio, packet, audioUnit);
    }
    if (audioUnit) this.#writeAudio(audioUnit);
    return this.#packets.take();
  }

  #writeVideo(codec: AnnexB, packet: MediaPacket): void {
    const clockTicks = packet.dtsMs * TICKS_PER_MS;
    const pes = encodePes({
      streamId: STREAM_ID_VIDEO,
      ptsTicks: packet.ptsMs * TICKS_PER_MS + DELAY_TICKS,
      dtsTicks: Math.min(packet.dtsMs, packet.ptsMs) * TICKS_PER_MS + DELAY_TICKS,
      payload: accessUnit(codec, packet),
    });
    this.#packets.write({ pid: VIDEO_PID, bytes: pes, clockTicks, randomAccess: packet.keyframe });
  }

  /** Returns the unit that is not written yet. */
  #collect(audio: Adts, packet: MediaPacket, before: AudioUnit | undefined): AudioUnit {
    const frame = samplePayload(packet);
    const header = adtsHeader(audio, frame);
    const sizeBytes = header.length + frame.length;
    const isFull =
      before !== undefined &&
      (before.sizeBytes + sizeBytes > AUDIO_PES_BYTES || packet.dtsMs - before.startMs > AUDIO_PES_MS);
    if (isFull) this.#writeAudio(before);
    const unit = before === undefined || isFull ? { startMs: packet.dtsMs, pieces: [], sizeBytes: 0 } : before;
    unit.pieces.push(header, frame);
    unit.sizeBytes += sizeBytes;
    return unit;
  }

  #writeAudio({ startMs, pieces }: AudioUnit): void {
    const ticks = startMs * TICKS_PER_MS;
    const ptsTicks = ticks + DELAY_TICKS;
    const pes = encodePes({ streamId: STREAM_ID_AUDIO, ptsTicks, dtsTicks: ptsTicks, payload: pieces });
    const clockTicks = this.#video ? undefined : ticks;
    this.#packets.write({ pid: AUDIO_PID, bytes: pes, clockTicks, randomAccess: true });
  }
}
