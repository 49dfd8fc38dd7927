import { describe, expect, it } from 'vitest';
import { FLV_TAG_AUDIO, FLV_TAG_VIDEO } from '../flv/tag.ts';
import { packetFromTag } from '../flv/media-packet.ts';
import { encodeMatroskaFrame, encodeMatroskaHeader, matroskaCarries } from './writer.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const video = (body: string) => packetFromTag({ type: FLV_TAG_VIDEO, timestampMs: 0, body: hex(body) });
const audio = (body: string) => packetFromTag({ type: FLV_TAG_AUDIO, timestampMs: 0, body: hex(body) });
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** avcC without parameter sets. */
const AVC = video('17 00 000000 01 64001f ff e0 00');
const VP9 = video('90 76703039');
const AAC = audio('af 00 1190');

describe('live Matroska', () => {
  it('puts a frame into a cluster of its own, at the time when it is shown', () => {
    const key = encodeMatroskaFrame(video('17 01 000028 0000000165'), 1040);
    expect(Buffer.from(key).toString('hex')).toBe(
      hex(`1f43b675 95
             e7 88 0000000000000410
             a3 89 81 0000 80 0000000165`).toString('hex'),
    );
    const sound = encodeMatroskaFrame(audio('af 01 2110'), 2 ** 32);
    expect(Buffer.from(sound).toString('hex')).toBe(
      hex('1f43b675 92 e7 88 0000000100000000 a3 86 82 0000 80 2110').toString('hex'),
    );
    const inter = encodeMatroskaFrame(video('27 01 000000 0000000141'), 0);
    expect(Buffer.from(inter).toString('hex')).toContain('a38981000000');
  });

  it('says what its tracks are; a live segment has no size', () => {
    const header = encodeMatroskaHeader({ video: AVC, audio: AAC, fps: 25 });
    const shown = Buffer.from(header).toString('hex');
    expect(shown.startsWith('1a45dfa3')).toBe(true);
    expect(shown).toContain('1853806701ffffffffffffff');
    expect(text(header)).toContain('V_MPEG4/ISO/AVC');
    expect(shown).toContain('63a287' + '0164001fffe000');
    expect(shown).toContain('23e38388' + (40_000_000).toString(16).padStart(16, '0'));
    expect(text(header)).toContain('A_AAC');
    expect(shown).toContain('63a2821190');
  });

  it('has codecs without a private part, and tracks alone', () => {
    const header = encodeMatroskaHeader({ video: VP9 });
    expect(text(header)).toContain('V_VP9');
    expect(Buffer.from(header).toString('hex')).not.toContain('63a2');
    expect(text(encodeMatroskaHeader({ audio: AAC }))).not.toContain('V_');
  });

  it('refuses other codecs', () => {
    const flac = audio('90 664c6143');
    expect(matroskaCarries(flac)).toBe(false);
    expect(matroskaCarries(AAC)).toBe(true);
    expect(matroskaCarries({ kind: 'video', codec: 'av1' })).toBe(true);
    expect(() => encodeMatroskaHeader({ audio: flac })).toThrow(expect.objectContaining({ code: 'unsupported' }));
  });
});
