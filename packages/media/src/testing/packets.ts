import {
  FLV_TAG_AUDIO,
  FLV_TAG_SCRIPT,
  FLV_TAG_VIDEO,
  encodeAmf0,
  type MediaPacket,
  packetFromTag,
} from '@kaibo/formats';

/** Classic FLV bodies: enough for the media server, which never looks inside a coded frame. */
export function keyFrame(timestampMs: number, ...content: number[]): MediaPacket {
  return packetFromTag({ type: FLV_TAG_VIDEO, timestampMs, body: Buffer.from([0x17, 1, 0, 0, 0, ...content]) });
}

export function interFrame(timestampMs: number, ...content: number[]): MediaPacket {
  return packetFromTag({ type: FLV_TAG_VIDEO, timestampMs, body: Buffer.from([0x27, 1, 0, 0, 0, ...content]) });
}

/** `level` makes one configuration differ from another. */
export function videoConfig(timestampMs: number, level = 31): MediaPacket {
  const avcC = [1, 0x42, 0xc0, level, 0xff, 0xe1, 0, 4, 0x67, 0x42, 0xc0, level, 1, 0, 2, 0x68, 0xce];
  return packetFromTag({ type: FLV_TAG_VIDEO, timestampMs, body: Buffer.from([0x17, 0, 0, 0, 0, ...avcC]) });
}

export function audioConfig(timestampMs: number, second = 0x10): MediaPacket {
  return packetFromTag({ type: FLV_TAG_AUDIO, timestampMs, body: Buffer.from([0xaf, 0, 0x12, second]) });
}

export function audioFrame(timestampMs: number, ...content: number[]): MediaPacket {
  return packetFromTag({ type: FLV_TAG_AUDIO, timestampMs, body: Buffer.from([0xaf, 1, ...content]) });
}

/** Enhanced RTMP: OpusHead of two channels. */
export function opusConfig(timestampMs: number): MediaPacket {
  const head = Buffer.from('4f7075734865616401020000 80bb0000 0000 00'.replaceAll(' ', ''), 'hex');
  return packetFromTag({
    type: FLV_TAG_AUDIO,
    timestampMs,
    body: Buffer.concat([Buffer.from('\x90Opus', 'latin1'), head]),
  });
}

export function opusFrame(timestampMs: number, ...content: number[]): MediaPacket {
  const body = Buffer.from([...Buffer.from('\x91Opus', 'latin1'), ...content]);
  return packetFromTag({ type: FLV_TAG_AUDIO, timestampMs, body });
}

/** Enhanced RTMP: a sequence start of VP8, without its record. */
export function vp8Config(timestampMs: number): MediaPacket {
  return packetFromTag({ type: FLV_TAG_VIDEO, timestampMs, body: Buffer.from('\x90vp08', 'latin1') });
}

export function metadata(timestampMs: number, fields: { [key: string]: number }): MediaPacket {
  return packetFromTag({ type: FLV_TAG_SCRIPT, timestampMs, body: encodeAmf0(['onMetaData', { ...fields }]) });
}
