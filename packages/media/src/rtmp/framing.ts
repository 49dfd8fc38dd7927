import type { MediaPacket } from '@kaibo/formats';
import type { Framing } from '../hub/framing.ts';
import { messageBytes, writeMessage } from './chunk-writer.ts';
import { CHUNK_STREAM, MESSAGE } from './message.ts';

const TYPES: Record<MediaPacket['kind'], { type: number; chunkStreamId: number }> = {
  audio: { type: MESSAGE.audio, chunkStreamId: CHUNK_STREAM.audio },
  video: { type: MESSAGE.video, chunkStreamId: CHUNK_STREAM.video },
  data: { type: MESSAGE.dataAmf0, chunkStreamId: CHUNK_STREAM.data },
};

/** RTMP messages on one message stream id, which is 1 for nearly every player. */
export function rtmpFraming({ streamId, audio, video }: { streamId: number; audio: boolean; video: boolean }): Framing {
  const all = audio && video;
  return {
    key: `rtmp:${streamId}:${audio ? 'a' : ''}${video ? 'v' : ''}`,
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
