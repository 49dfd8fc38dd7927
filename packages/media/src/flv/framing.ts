import {
  encodeFlvHeader,
  FLV_TAG_AUDIO,
  FLV_TAG_OVERHEAD_BYTES,
  FLV_TAG_SCRIPT,
  FLV_TAG_VIDEO,
  type FlvTagType,
  type MediaPacket,
  writeFlvTag,
} from '@kaibo/formats';
import type { AudioChoice, Framing, TrackFlags } from '../hub/framing.ts';
import { encodeBinaryFrame, writeBinaryFrameHeader, frameHeaderBytes } from './ws-frame.ts';

const TAG_TYPES: Record<MediaPacket['kind'], FlvTagType> = {
  audio: FLV_TAG_AUDIO,
  video: FLV_TAG_VIDEO,
  data: FLV_TAG_SCRIPT,
};

/** FLV tags as they are (FLV specification 10.1, E.4.1): HTTP-FLV. */
export const HTTP_FLV_FRAMING: Framing = {
  key: 'flv',
  audio: 'aac',
  head: (flags) => flvHead(flags),
  frame: (packets) => frameTags(packets, 0),
};

/** Whole FLV tags inside one binary WebSocket frame a window (RFC 6455, 5.2). */
export const WS_FLV_FRAMING: Framing = {
  key: 'ws-flv',
  audio: 'aac',
  head: (flags) => encodeBinaryFrame(flvHead(flags)),
  frame: (packets) => {
    const bytes = tagsBytes(packets);
    if (bytes === 0) return Buffer.alloc(0);
    const framed = frameTags(packets, frameHeaderBytes(bytes));
    writeBinaryFrameHeader(framed, bytes);
    return framed;
  },
};

const HTTP_FLV_OPUS_FRAMING: Framing = { ...HTTP_FLV_FRAMING, key: 'flv:opus', audio: 'opus' };
const WS_FLV_OPUS_FRAMING: Framing = { ...WS_FLV_FRAMING, key: 'ws-flv:opus', audio: 'opus' };

export function httpFlvFraming(audio: AudioChoice): Framing {
  return audio === 'opus' ? HTTP_FLV_OPUS_FRAMING : HTTP_FLV_FRAMING;
}

export function wsFlvFraming(audio: AudioChoice): Framing {
  return audio === 'opus' ? WS_FLV_OPUS_FRAMING : WS_FLV_FRAMING;
}

function flvHead({ hasAudio, hasVideo }: TrackFlags): Buffer {
  return Buffer.from(encodeFlvHeader({ hasAudio, hasVideo }));
}

/** The tags of `packets`, after `reservedBytes` left free in front. */
export function frameTags(packets: readonly MediaPacket[], reservedBytes: number): Buffer {
  const target = Buffer.allocUnsafe(reservedBytes + tagsBytes(packets));
  let offset = reservedBytes;
  for (const packet of packets) {
    offset = writeFlvTag(target, offset, {
      type: TAG_TYPES[packet.kind],
      timestampMs: packet.dtsMs >>> 0,
      body: packet.payload,
    });
  }
  return target;
}

function tagsBytes(packets: readonly MediaPacket[]): number {
  let bytes = 0;
  for (const packet of packets) bytes += FLV_TAG_OVERHEAD_BYTES + packet.payload.length;
  return bytes;
}
