// AMF3 as far as a Flash client's connect needs it (Adobe AMF 3, section 3): written apart from @kaibo/formats.

/** U29 (section 1.3.1), up to 16383. */
function u29(value: number): Buffer {
  return value < 0x80 ? Buffer.of(value) : Buffer.of(0x80 | (value >> 7), value & 0x7f);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u29((bytes.length << 1) | 1), bytes]);
}

function encodeValue(value: string | number | boolean): Buffer {
  if (typeof value === 'boolean') return Buffer.of(value ? 3 : 2);
  if (typeof value === 'string') return Buffer.concat([Buffer.of(6), text(value)]);
  if (Number.isInteger(value) && value >= 0 && value < 16_384) return Buffer.concat([Buffer.of(4), u29(value)]);
  const bytes = Buffer.alloc(9);
  bytes.writeUInt8(5);
  bytes.writeDoubleBE(value, 1);
  return bytes;
}

/** An anonymous dynamic object inside AMF0: avmplus-object-marker (AMF0 3.1), object, traits 0x0b, no class name. */
export function encodeAvmPlusObject(members: { [name: string]: string | number | boolean }): Buffer {
  const pairs = Object.entries(members).flatMap(([name, value]) => [text(name), encodeValue(value)]);
  return Buffer.concat([Buffer.of(0x11, 0x0a, 0x0b, 0x01), ...pairs, Buffer.of(0x01)]);
}
