import { ByteWriter } from '../bytes/byte-writer.ts';
import { FormatError } from '../bytes/format-error.ts';
import { parseAudioSpecificConfig } from '../codecs/aac/audio-specific-config.ts';
import { AAC_SAMPLE_RATES_HZ } from '../codecs/aac/tables.ts';
import type { MediaPacket } from '../flv/media-packet.ts';
import { samplePayload } from '../isobmff/sample-payload.ts';

const HEADER_BYTES = 7;
/** syncword, ID 0 (MPEG-4), layer 0, protection_absent. */
const SYNC_WITHOUT_CRC = 0xfff1;
/** aac_frame_length has 13 bits. */
const MAX_FRAME_BYTES = 0x1fff;
const LAST_PROFILE = 4;
const LAST_CHANNEL_CONFIGURATION = 7;
/** adts_buffer_fullness of a variable bit rate; one raw data block. */
const VARIABLE_RATE_ONE_BLOCK = 0x1ffc;

/** What stands in the header of every frame. */
export interface Adts {
  objectType: number;
  rateIndex: number;
  channelConfiguration: number;
}

/** @throws FormatError `unsupported` for what ADTS has no room for: other codecs, object types, rates and layouts */
export function adtsOf(config: MediaPacket): Adts {
  if (config.codec !== 'aac') throw new FormatError('unsupported', `${config.codec} in MPEG-TS`);
  const { objectType, sampleRateHz, channelConfiguration } = parseAudioSpecificConfig(samplePayload(config));
  const rateIndex = AAC_SAMPLE_RATES_HZ.indexOf(sampleRateHz);
  const hasRoom =
    objectType >= 1 &&
    objectType <= LAST_PROFILE &&
    rateIndex >= 0 &&
    channelConfiguration >= 1 &&
    channelConfiguration <= LAST_CHANNEL_CONFIGURATION;
  if (!hasRoom) throw new FormatError('unsupported', 'AAC that ADTS cannot describe');
  return { objectType, rateIndex, channelConfiguration };
}

/** adts_fixed_header() and adts_variable_header(), ISO/IEC 14496-3, 1.A.2.2. @throws FormatError `too_large` */
export function adtsHeader({ objectType, rateIndex, channelConfiguration }: Adts, frame: Uint8Array): Uint8Array {
  const frameBytes = HEADER_BYTES + frame.length;
  if (frameBytes > MAX_FRAME_BYTES) throw new FormatError('too_large', `AAC frame of ${frame.length} bytes`);
  return new ByteWriter(HEADER_BYTES)
    .u16(SYNC_WITHOUT_CRC)
    .u8(((objectType - 1) << 6) | (rateIndex << 2) | (channelConfiguration >> 2))
    .u16(((channelConfiguration & 0x03) << 14) | (frameBytes >> 3))
    .u16(((frameBytes & 0x07) << 13) | VARIABLE_RATE_ONE_BLOCK)
    .finish();
}
