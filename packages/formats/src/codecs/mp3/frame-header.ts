import { BitReader } from '../../bytes/bit-reader.ts';
import { FormatError } from '../../bytes/format-error.ts';

const SYNC_BITS = 11;
const SYNC = 0x7ff;
const LAYER_III = 1;
const MODE_MONO = 3;
/** Versions by their two bits: 2.5 is nobody's standard, but what everybody writes; 1 is reserved. */
const VERSIONS = ['2.5', undefined, '2', '1'] as const;
const RATES_OF_VERSION_1_HZ = [44_100, 48_000, 32_000] as const;

/** What a frame of MPEG audio layer III says of itself. */
export interface Mp3FrameHeader {
  version: '1' | '2' | '2.5';
  sampleRateHz: number;
  channels: 1 | 2;
  /** PCM samples the frame decodes to, for each channel. */
  samples: number;
}

/** ISO/IEC 11172-3, 2.4.1.3; ISO/IEC 13818-3, 2.4.2.3 for half the rates. @throws FormatError also for other layers */
export function parseMp3FrameHeader(frame: Uint8Array): Mp3FrameHeader {
  const bits = new BitReader(frame);
  if (bits.bits(SYNC_BITS) !== SYNC) throw new FormatError('malformed', 'MPEG audio without its syncword');
  const version = VERSIONS[bits.bits(2)];
  if (version === undefined) throw new FormatError('malformed', 'MPEG audio of a reserved version');
  const layer = bits.bits(2);
  if (layer !== LAYER_III) throw new FormatError('unsupported', `MPEG audio with layer bits ${layer}`);
  bits.skip(1 + 4); // protection_bit, bitrate_index
  const fullRateHz = RATES_OF_VERSION_1_HZ[bits.bits(2)];
  if (fullRateHz === undefined) throw new FormatError('malformed', 'MPEG audio of a reserved rate');
  bits.skip(2); // padding_bit, private_bit
  const channels = bits.bits(2) === MODE_MONO ? 1 : 2;
  if (version === '1') return { version, sampleRateHz: fullRateHz, channels, samples: 1152 };
  return { version, sampleRateHz: version === '2' ? fullRateHz / 2 : fullRateHz / 4, channels, samples: 576 };
}
