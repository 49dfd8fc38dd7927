import { ByteReader } from '../bytes/byte-reader.ts';
import { ByteWriter } from '../bytes/byte-writer.ts';
import { FormatError } from '../bytes/format-error.ts';

// AudioChannelOrder (E-RTMP v2, "Enhanced Audio").
const ORDER_UNSPECIFIED = 0;
const ORDER_NATIVE = 1;
const ORDER_CUSTOM = 2;

/** The payload of a MultichannelConfig packet: which speaker each channel is for. */
export type MultichannelConfig =
  | { order: 'unspecified'; channels: number }
  /** `channelFlags`: AudioChannelMask, one bit per speaker. */
  | { order: 'native'; channels: number; channelFlags: number }
  /** `mapping`: AudioChannel, one number per channel. */
  | { order: 'custom'; channels: number; mapping: number[] };

/** @throws FormatError */
export function parseMultichannelConfig(bytes: Uint8Array): MultichannelConfig {
  const reader = new ByteReader(bytes);
  const order = reader.u8();
  const channels = reader.u8();
  const config = readOrder(reader, order, channels);
  reader.expectEnd();
  return config;
}

function readOrder(reader: ByteReader, order: number, channels: number): MultichannelConfig {
  if (order === ORDER_UNSPECIFIED) return { order: 'unspecified', channels };
  if (order === ORDER_NATIVE) return { order: 'native', channels, channelFlags: reader.u32() };
  if (order === ORDER_CUSTOM) return { order: 'custom', channels, mapping: [...reader.bytes(channels)] };
  throw new FormatError('unsupported', `audio channel order ${order}`);
}

export function encodeMultichannelConfig(config: MultichannelConfig): Uint8Array {
  const writer = new ByteWriter();
  if (config.order === 'native') writer.u8(ORDER_NATIVE).u8(config.channels).u32(config.channelFlags);
  else if (config.order === 'custom')
    writer.u8(ORDER_CUSTOM).u8(config.mapping.length).bytes(Uint8Array.from(config.mapping));
  else writer.u8(ORDER_UNSPECIFIED).u8(config.channels);
  return writer.finish();
}
