/** Video codecs FLV can name. `unknown` is one whose id or FourCC is not in the tables. */
export type VideoCodec = 'h264' | 'h265' | 'h266' | 'av1' | 'vp8' | 'vp9' | 'vp6' | 'h263' | 'screen' | 'unknown';

/** VideoFourCc (E-RTMP v2, "Enhanced Video"). */
export const VIDEO_FOUR_CC: ReadonlyMap<string, VideoCodec> = new Map<string, VideoCodec>([
  ['vp08', 'vp8'],
  ['vp09', 'vp9'],
  ['av01', 'av1'],
  ['avc1', 'h264'],
  ['hvc1', 'h265'],
  ['vvc1', 'h266'],
]);

/** CodecID of the classic header (FLV specification 10.1, E.4.3.1). */
export const VIDEO_CODEC_ID = {
  h263: 2,
  screen: 3,
  vp6: 4,
  vp6Alpha: 5,
  screen2: 6,
  avc: 7,
  hevc: 12,
  av1: 13,
} as const;

/** 12 and 13 are in no specification: they are how CDNs in China carried HEVC and AV1 before Enhanced RTMP. */
export const VIDEO_CODEC_BY_ID: ReadonlyMap<number, VideoCodec> = new Map<number, VideoCodec>([
  [VIDEO_CODEC_ID.h263, 'h263'],
  [VIDEO_CODEC_ID.screen, 'screen'],
  [VIDEO_CODEC_ID.vp6, 'vp6'],
  [VIDEO_CODEC_ID.vp6Alpha, 'vp6'],
  [VIDEO_CODEC_ID.screen2, 'screen'],
  [VIDEO_CODEC_ID.avc, 'h264'],
  [VIDEO_CODEC_ID.hevc, 'h265'],
  [VIDEO_CODEC_ID.av1, 'av1'],
]);

/** Classic codec ids whose header goes on with a packet type and a composition time. */
export function hasAvcPacketType(codecId: number): boolean {
  return codecId === VIDEO_CODEC_ID.avc || codecId === VIDEO_CODEC_ID.hevc || codecId === VIDEO_CODEC_ID.av1;
}

export function videoCodecOf(fourCc: string): VideoCodec {
  return VIDEO_FOUR_CC.get(fourCc) ?? 'unknown';
}
