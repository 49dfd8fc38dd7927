import { describe, expect, it } from 'vitest';
import { audioFrame, interFrame, keyFrame, videoConfig } from '../testing/packets.ts';
import { GopCache } from './gop-cache.ts';

const WIDE = { enabled: true, maxPackets: 100, maxBytes: 10_000 };

describe('GopCache', () => {
  it('holds what came since the last key frame', () => {
    const cache = new GopCache(WIDE);
    for (const packet of [audioFrame(0), keyFrame(0), interFrame(40), keyFrame(80), audioFrame(90)]) cache.add(packet);
    expect(cache.packets.map(({ kind, dtsMs }) => [kind, dtsMs])).toEqual([
      ['video', 80],
      ['audio', 90],
    ]);
  });

  it('holds no configuration: that is the headers’ part', () => {
    const cache = new GopCache(WIDE);
    for (const packet of [keyFrame(0), videoConfig(0)]) cache.add(packet);
    expect(cache.packets).toHaveLength(1);
  });

  it.each([
    { name: 'packets', options: { ...WIDE, maxPackets: 3 } },
    { name: 'bytes', options: { ...WIDE, maxBytes: 3 * 15 } },
  ])('drops a GOP that outgrows its $name whole, and stays empty to the next key frame', ({ options }) => {
    const cache = new GopCache(options);
    const content = Array.from({ length: 10 }, () => 1);
    const sizes = [
      keyFrame(0, ...content),
      interFrame(1, ...content),
      interFrame(2, ...content),
      interFrame(3, ...content),
      interFrame(4),
    ].map((packet) => {
      cache.add(packet);
      return cache.packets.length;
    });
    expect(sizes).toEqual([1, 2, 3, 0, 0]);
    cache.add(keyFrame(5));
    expect(cache.packets).toHaveLength(1);
  });

  it('holds nothing when turned off', () => {
    const cache = new GopCache({ ...WIDE, enabled: false });
    cache.add(keyFrame(0));
    expect(cache.packets).toEqual([]);
  });
});
