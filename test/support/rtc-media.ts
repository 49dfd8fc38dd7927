import { readFileSync } from 'node:fs';
import {
  encodeRtcp,
  encodeRtpPacket,
  FlvDemuxer,
  ntpOfMs,
  OggOpusReader,
  packetFromTag,
  packH264,
  parseAvcConfig,
  parseVideoTagHeader,
  RTP_HEADER_BYTES,
  splitLengthPrefixed,
} from '@kaibo/formats';
import { ffmpeg, TEST_PICTURE } from './ffmpeg.ts';
import { AUDIO_SSRC, AUDIO_TYPE, type RtcPeer, VIDEO_SSRC, VIDEO_TYPE } from './rtc-client.ts';
import { tempDir } from './temp-dir.ts';

// What a WebRTC publisher of a test sends: H.264 and Opus that ffmpeg made, as RTP in real time.

const SECONDS = 4;
const SAMPLES_PER_MS = 48;
const VIDEO_TICKS_PER_MS = 90;
const PUMP_MS = 10;

interface Coded {
  atMs: number;
  /** NAL units of one picture, or one Opus packet. */
  parts: Uint8Array[];
}

export interface RtcMedia {
  video: Coded[];
  audio: Coded[];
  durationMs: number;
}

/** A picture at 25 fps with a key frame every second, and a tone; 4 s that repeat well. */
export async function encodeRtcMedia(): Promise<RtcMedia> {
  using folder = tempDir();
  const [flv, ogg] = [folder.file('a.flv'), folder.file('a.ogg')];
  const limit = ['-t', String(SECONDS)];
  await ffmpeg(
    ...TEST_PICTURE.slice(0, TEST_PICTURE.indexOf('-c:a')),
    ...['-map', '0:v', ...limit, '-f', 'flv', flv],
    ...['-map', '1:a', ...limit, '-c:a', 'libopus', '-b:a', '48k', '-f', 'ogg', ogg],
  ).succeeded();
  const reader = new OggOpusReader();
  const audio = reader
    .push(readFileSync(ogg))
    .map(({ data }, index) => ({ atMs: index * 20, parts: [data] }))
    .slice(0, (SECONDS * 1000) / 20);
  return { video: videoOf(readFileSync(flv)), audio, durationMs: SECONDS * 1000 };
}

function videoOf(flv: Uint8Array): Coded[] {
  const video: Coded[] = [];
  let sets: Uint8Array[] = [];
  for (const tag of new FlvDemuxer().push(flv)) {
    const packet = packetFromTag(tag);
    if (packet.kind !== 'video' || packet.end) continue;
    const coded = packet.payload.subarray(parseVideoTagHeader(packet.payload).headerBytes);
    if (packet.config) {
      const { sps, pps } = parseAvcConfig(coded);
      sets = [...sps, ...pps];
    } else {
      const units = splitLengthPrefixed(coded, 4);
      video.push({ atMs: packet.ptsMs, parts: packet.keyframe ? [...sets, ...units] : units });
    }
  }
  const firstMs = video[0]?.atMs ?? 0;
  return video.map(({ atMs, parts }) => ({ atMs: atMs - firstMs, parts }));
}

/** Sends to a connected peer until stopped, with sender reports, and again what is asked for. */
export class RtcSender implements Disposable {
  /** Frames sent. */
  frames = 0;
  #media: RtcMedia;
  #peer: RtcPeer;
  #beganAtMs = performance.now();
  #wallAtBegin = Date.now();
  #next = { video: 0, audio: 0 };
  #sequence = { video: 65_000, audio: 100 };
  #wide = 0;
  #reportedAtMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout;

  constructor(peer: RtcPeer, media: RtcMedia, kinds: readonly ('audio' | 'video')[] = ['audio', 'video']) {
    this.#peer = peer;
    this.#media = media;
    this.#timer = setInterval(() => {
      const nowMs = performance.now() - this.#beganAtMs;
      if (kinds.includes('video')) this.#pump('video', nowMs);
      if (kinds.includes('audio')) this.#pump('audio', nowMs);
      if (nowMs - this.#reportedAtMs >= 1000) this.#report(nowMs);
    }, PUMP_MS);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #pump(kind: 'audio' | 'video', nowMs: number): void {
    const list = this.#media[kind];
    for (;;) {
      const index = this.#next[kind];
      const coded = list[index % list.length];
      if (!coded) return;
      const atMs = coded.atMs + Math.floor(index / list.length) * this.#media.durationMs;
      if (atMs > nowMs) return;
      this.#next[kind]++;
      this.#peer.send(...(kind === 'video' ? this.#picture(coded, atMs) : this.#sound(coded, atMs)));
    }
  }

  #picture({ parts }: Coded, atMs: number): Uint8Array[] {
    this.frames++;
    const payloads = packH264(parts, { mode: 1, maxPayloadBytes: 1100, headroomBytes: RTP_HEADER_BYTES });
    return payloads.map((payload, index) =>
      this.#packet('video', {
        payload: payload.subarray(RTP_HEADER_BYTES),
        marker: index === payloads.length - 1,
        timestamp: (1000 + atMs * VIDEO_TICKS_PER_MS) >>> 0,
      }),
    );
  }

  #sound({ parts: [payload = new Uint8Array()] }: Coded, atMs: number): Uint8Array[] {
    return [this.#packet('audio', { payload, marker: false, timestamp: (5000 + atMs * SAMPLES_PER_MS) >>> 0 })];
  }

  #packet(kind: 'audio' | 'video', fields: { payload: Uint8Array; marker: boolean; timestamp: number }): Uint8Array {
    this.#sequence[kind] = (this.#sequence[kind] + 1) & 0xffff;
    this.#wide = (this.#wide + 1) & 0xffff;
    return encodeRtpPacket({
      ...fields,
      payloadType: kind === 'video' ? VIDEO_TYPE : AUDIO_TYPE,
      sequence: this.#sequence[kind],
      ssrc: kind === 'video' ? VIDEO_SSRC : AUDIO_SSRC,
      extensions: [{ id: 3, data: Uint8Array.of(this.#wide >> 8, this.#wide & 0xff) }],
    });
  }

  #report(nowMs: number): void {
    this.#reportedAtMs = nowMs;
    const ntp = ntpOfMs(this.#wallAtBegin + nowMs);
    const common = { type: 'sr', ntp, packets: 1, octets: 1, reports: [] } as const;
    const at = (offset: number, ticksPerMs: number): number => Math.round(offset + nowMs * ticksPerMs) >>> 0;
    for (const report of [
      { ...common, ssrc: VIDEO_SSRC, rtpTimestamp: at(1000, VIDEO_TICKS_PER_MS) },
      { ...common, ssrc: AUDIO_SSRC, rtpTimestamp: at(5000, SAMPLES_PER_MS) },
    ])
      this.#peer.send(encodeRtcp([{ ...report, reports: [] }]));
  }
}
