import {
  encodeOpusHead,
  FormatError,
  type MediaPacket,
  OggOpusWriter,
  opusPacketSamples,
  parseAudioTagHeader,
  parseOpusHead,
} from '@kaibo/formats';
import { ChildClock } from './child-clock.ts';
import type { Conversion } from './conversion.ts';
import { FlvOut } from './flv-pipe.ts';

const SAMPLES_PER_MS = 48;
/** CELT silence, stereo, of 20 and of 2.5 ms: the code that Opus encoders give for zeros (RFC 6716, 3.1 and 4.3). */
const SILENCES = [
  { data: Buffer.of(0xfc, 0xff, 0xfe), samples: 960 },
  { data: Buffer.of(0xe4, 0xff, 0xfe), samples: 120 },
];
/** Further from its time than this, 20 ms, a source is not jitter. */
const SLACK_SAMPLES = 960;
/** 10 s of the loudest Opus. */
const MAX_BACKLOG_BYTES = 256 * 1024;
/** One or two channels, whatever each packet has: the decoder gives both (RFC 6716, 2.1.2). Nothing is skipped. */
const STEREO_HEAD = { channels: 2, preSkip: 0, inputSampleRateHz: 48_000, outputGain: 0, mappingFamily: 0 };

/**
 * Opus as published to AAC-LC. ffmpeg is given samples without a gap: time is counted in samples, and where the source
 * is 20 ms or more away from that (DTX, loss, its clock) silence is put in or a packet is left out. So what comes out
 * is in time within 20 ms, without a resampler.
 */
export class OpusToAac implements Conversion {
  readonly maxBacklogBytes = MAX_BACKLOG_BYTES;
  readonly args = [
    ...['-probesize', '32', '-analyzeduration', '0', '-threads', '1', '-copyts'],
    ...['-f', 'ogg', '-i', 'pipe:0', '-map', '0:a:0'],
    ...['-c:a', 'aac', '-profile:a', 'aac_low', '-b:a', '128k', '-ar', '48000', '-ac', '2', '-threads', '1'],
    ...['-flush_packets', '1', '-flvflags', 'no_duration_filesize', '-f', 'flv', 'pipe:1'],
  ];
  #clock = new ChildClock();
  #ogg = new OggOpusWriter();
  #out = new FlvOut(this.#clock);
  #head: Uint8Array = encodeOpusHead(STEREO_HEAD);
  /** Where the next sample belongs, in ffmpeg's time. */
  #endSample: number | undefined;

  encode(packet: MediaPacket): Uint8Array | undefined {
    const data = opusBytes(packet);
    if (packet.config) {
      this.#head = headFor(data);
      return undefined;
    }
    if (data.length === 0) return undefined;
    const pages: Uint8Array[] = [];
    const samples = opusPacketSamples(data);
    const startSample = Math.round(this.#clock.toChild(packet.dtsMs) * SAMPLES_PER_MS);
    if (this.#endSample === undefined) {
      pages.push(...this.#ogg.begin(this.#head));
      this.#endSample = startSample;
    }
    if (startSample <= this.#endSample - SLACK_SAMPLES) return undefined;
    if (startSample >= this.#endSample + SLACK_SAMPLES) pages.push(...this.#silenceUntil(startSample));
    pages.push(this.#page(data, samples));
    return Buffer.concat(pages);
  }

  #silenceUntil(startSample: number): Uint8Array[] {
    const pages: Uint8Array[] = [];
    for (const { data, samples } of SILENCES)
      while ((this.#endSample ?? 0) + samples <= startSample) pages.push(this.#page(data, samples));
    return pages;
  }

  #page(data: Uint8Array, samples: number): Uint8Array {
    this.#endSample = (this.#endSample ?? 0) + samples;
    return this.#ogg.packet(data, this.#endSample);
  }

  decode(bytes: Uint8Array): MediaPacket[] {
    return this.#out.decode(bytes);
  }
}

/** Of several tracks the first. */
function opusBytes({ payload }: MediaPacket): Uint8Array {
  const header = parseAudioTagHeader(payload);
  if (header.codec !== 'opus') throw new FormatError('unsupported', `${header.codec} where Opus was expected`);
  if (header.form === 'enhanced' && header.multitrack) return header.multitrack.tracks[0]?.payload ?? new Uint8Array(0);
  return payload.subarray(header.headerBytes);
}

/** Surround needs the head that says which packet parts are which speakers; else ours does. */
function headFor(record: Uint8Array): Uint8Array {
  const head = record.length > 0 ? parseOpusHead(record) : STEREO_HEAD;
  return encodeOpusHead(head.mappingFamily === 0 ? STEREO_HEAD : { ...head, preSkip: 0 });
}
