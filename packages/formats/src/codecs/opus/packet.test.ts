import { describe, expect, it } from 'vitest';
import { hex } from '../../testing/hex.ts';
import { assertOnlyFormatErrors, formatErrorCode, hostileBytes } from '../../testing/properties.ts';
import { opusPacketSamples } from './packet.ts';

describe('opusPacketSamples', () => {
  it.each([
    ['SILK 10 ms', '00', 480],
    ['SILK 60 ms', '18', 2880],
    ['hybrid 20 ms', '68', 960],
    ['CELT 2.5 ms', 'e0', 120],
    ['CELT 20 ms, stereo', 'fc', 960],
    ['two frames of one size', 'f9', 1920],
    ['two frames', 'fa', 1920],
    ['six frames by count', 'fb06', 5760],
    ['five frames with padding and sizes', 'fbc5', 4800],
  ])('%s', (_name, bytes, samples) => {
    expect(opusPacketSamples(hex(bytes))).toBe(samples);
  });

  it.each([
    ['nothing', '', 'truncated'],
    ['a count that is not there', 'fb', 'truncated'],
    ['no frames', 'fb00', 'malformed'],
    ['140 ms', 'fb07', 'malformed'],
  ])('refuses %s', (_name, bytes, code) => {
    expect(formatErrorCode(() => opusPacketSamples(hex(bytes)))).toBe(code);
    assertOnlyFormatErrors(opusPacketSamples, hostileBytes());
  });
});
