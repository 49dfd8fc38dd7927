import {
  AmfEcmaArray,
  encodeAmf0,
  encodeAudioTagHeader,
  encodeFlvHeader,
  encodeFlvTag,
  encodeVideoTagHeader,
  FLV_TAG_AUDIO,
  FLV_TAG_SCRIPT,
  FLV_TAG_VIDEO,
} from '@kaibo/formats';
import type { FlvTagType } from '@kaibo/formats';

const AVC_CODEC_ID = 7;
const avc = { form: 'legacy', codecId: AVC_CODEC_ID, codec: 'h264', compositionTimeMs: 0 } as const;
const opus = { form: 'enhanced', fourCc: 'Opus', codec: 'opus', nanosecondOffset: 0 } as const;

const AVC_CONFIG = encodeVideoTagHeader({ ...avc, frameType: 'key', packetType: 'sequenceStart' });
const AVC_KEY = encodeVideoTagHeader({ ...avc, frameType: 'key', packetType: 'codedFrames' });
const AVC_INTER = encodeVideoTagHeader({ ...avc, frameType: 'inter', packetType: 'codedFrames' });
const OPUS_CONFIG = encodeAudioTagHeader({ ...opus, packetType: 'sequenceStart' });
const OPUS_FRAME = encodeAudioTagHeader({ ...opus, packetType: 'codedFrames' });

/**
 * Encoded media to the bytes of one FLV stream: H.264 in the classic tags, Opus in those of Enhanced RTMP v2. Times in
 * are of any clock, in ms; the first frame of either kind is at 0.
 */
export class FlvWriter {
  #baseMs: number | undefined;
  #lastMs = 0;

  header(flags: { hasAudio: boolean; hasVideo: boolean }): Uint8Array {
    return encodeFlvHeader(flags);
  }

  /** onMetaData: what people are shown of a stream, nothing a decoder needs. */
  metadata(fields: Record<string, string | number>): Uint8Array {
    return encodeFlvTag({
      type: FLV_TAG_SCRIPT,
      timestampMs: 0,
      body: encodeAmf0(['onMetaData', new AmfEcmaArray(fields)]),
    });
  }

  videoConfig(avcc: Uint8Array): Uint8Array {
    return tag(FLV_TAG_VIDEO, this.#lastMs, AVC_CONFIG, avcc);
  }

  video({ bytes, isKey, atMs }: { bytes: Uint8Array; isKey: boolean; atMs: number }): Uint8Array {
    return tag(FLV_TAG_VIDEO, this.#place(atMs), isKey ? AVC_KEY : AVC_INTER, bytes);
  }

  audioConfig(opusHead: Uint8Array): Uint8Array {
    return tag(FLV_TAG_AUDIO, this.#lastMs, OPUS_CONFIG, opusHead);
  }

  audio({ bytes, atMs }: { bytes: Uint8Array; atMs: number }): Uint8Array {
    return tag(FLV_TAG_AUDIO, this.#place(atMs), OPUS_FRAME, bytes);
  }

  /** What was taken before the first frame that was sent has its time too late by as much, at most a few frames'. */
  #place(atMs: number): number {
    this.#baseMs ??= atMs;
    const timeMs = Math.max(0, Math.round(atMs - this.#baseMs));
    this.#lastMs = Math.max(this.#lastMs, timeMs);
    return timeMs;
  }
}

function tag(type: FlvTagType, timestampMs: number, ...[head, rest]: [head: Uint8Array, rest: Uint8Array]): Uint8Array {
  const body = new Uint8Array(head.length + rest.length);
  body.set(head);
  body.set(rest, head.length);
  return encodeFlvTag({ type, timestampMs, body });
}
