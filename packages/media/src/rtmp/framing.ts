import type { MediaPacket } from '@kaibo/formats';
import type { AudioChoice, Framing } from '../hub/framing.ts';
import { messageBytes, writeMessage } from './chunk-writer.ts';
import { CHUNK_STREAM, MESSAGE } from './message.ts';

const TYPES: Record<MediaPacket['kind'], { type: number; chunkStreamId: number }> = {
  audio: { type: MESSAGE.audio, chunkStreamId: CHUNK_STREAM.audio },
  video: { type: MESSAGE.video, chunkStreamId: CHUNK_STREAM.video },
  data: { type: MESSAGE.dataAmf0, chunkStreamId: CHUNK_STREAM.data },
};

export interface RtmpFramingOptions {
  streamId: number;
  audio: boolean;
  video: boolean;
  /** AAC, unless said. */
  audioChoice?: AudioChoice;
}

/** RTMP messages on one message stream id, which is 1 for nearly every player. */
export function rtmpFraming({ streamId, audio, video, audioChoice = 'aac' }: RtmpFramingOptions): Framing {
  const all = audio && video;
  // Who hears nothing is no reason to make AAC.
  const choice = audio ? audioChoice : 'opus';
  return {
    key: `rtmp:${streamId}:${audio ? choice : ''}:${video ? 'v' : ''}`,
    audio: choice,
    accepts: all ? undefined : (packet) => (packet.kind === 'audio' ? audio : packet.kind === 'video' ? video : true),
    head: () => undefined,
    frame: (packets) => {
      let bytes = 0;
      for (const packet of packets) bytes += messageBytes(packet.payload.length, packet.dtsMs);
      const target = Buffer.allocUnsafe(bytes);
      let offset = 0;
      for (const packet of packets) {
        const { type, chunkStreamId } = TYPES[packet.kind];
        offset = writeMessage(target, offset, {
          type,
          chunkStreamId,
          streamId,
          timestampMs: packet.dtsMs,
          payload: packet.payload,
        });
      }
      return target;
    },
  };
}
