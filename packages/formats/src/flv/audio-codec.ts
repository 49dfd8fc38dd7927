/** Audio codecs FLV can name. `unknown` is one whose format number or FourCC is not in the tables. */
export type AudioCodec =
  | 'aac'
  | 'mp3'
  | 'opus'
  | 'flac'
  | 'ac3'
  | 'eac3'
  | 'pcm'
  | 'adpcm'
  | 'g711a'
  | 'g711u'
  | 'speex'
  | 'nellymoser'
  | 'unknown';

/** AudioFourCc (E-RTMP v2, "Enhanced Audio"). */
export const AUDIO_FOUR_CC: ReadonlyMap<string, AudioCodec> = new Map<string, AudioCodec>([
  ['ac-3', 'ac3'],
  ['ec-3', 'eac3'],
  ['Opus', 'opus'],
  ['.mp3', 'mp3'],
  ['fLaC', 'flac'],
  ['mp4a', 'aac'],
]);

/** SoundFormat (FLV specification 10.1, E.4.2.1; 9 is E-RTMP's ExHeader). */
export const SOUND_FORMAT = {
  pcmPlatformEndian: 0,
  adpcm: 1,
  mp3: 2,
  pcmLittleEndian: 3,
  nellymoser16k: 4,
  nellymoser8k: 5,
  nellymoser: 6,
  g711a: 7,
  g711u: 8,
  exHeader: 9,
  aac: 10,
  speex: 11,
  mp38k: 14,
} as const;

export const AUDIO_CODEC_BY_FORMAT: ReadonlyMap<number, AudioCodec> = new Map<number, AudioCodec>([
  [SOUND_FORMAT.pcmPlatformEndian, 'pcm'],
  [SOUND_FORMAT.adpcm, 'adpcm'],
  [SOUND_FORMAT.mp3, 'mp3'],
  [SOUND_FORMAT.pcmLittleEndian, 'pcm'],
  [SOUND_FORMAT.nellymoser16k, 'nellymoser'],
  [SOUND_FORMAT.nellymoser8k, 'nellymoser'],
  [SOUND_FORMAT.nellymoser, 'nellymoser'],
  [SOUND_FORMAT.g711a, 'g711a'],
  [SOUND_FORMAT.g711u, 'g711u'],
  [SOUND_FORMAT.aac, 'aac'],
  [SOUND_FORMAT.speex, 'speex'],
  [SOUND_FORMAT.mp38k, 'mp3'],
]);

export function audioCodecOf(fourCc: string): AudioCodec {
  return AUDIO_FOUR_CC.get(fourCc) ?? 'unknown';
}
