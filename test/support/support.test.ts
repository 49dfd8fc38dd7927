import { describe, expect, it } from 'vitest';
import { launchChromium, watchPage } from './chromium.ts';
import { probe, TEST_PICTURE, ffmpeg, decodeErrors } from './ffmpeg.ts';
import { encodeVideo, enhancedTags, flvBytes } from './flv-fixtures.ts';
import { FlvWireReader } from './flv-wire.ts';
import { findProgram } from './program.ts';
import { ChunkReader, decodeAmf0, encodeAmf0, encodeMessage } from './rtmp-wire.ts';
import { tempDir } from './temp-dir.ts';

describe('test support', () => {
  it('names the line that installs a missing program', () => {
    expect(() => findProgram('no-such-program')).toThrow(/apt-get install/);
  });

  it('carries AMF0 values and cut, chunked messages both ways', () => {
    const values = ['connect', 1, { app: 'live', flag: true, list: [null, 2] }];
    expect(decodeAmf0(encodeAmf0(...values))).toEqual(values);
    const payload = Buffer.alloc(1000, 7);
    const message = { type: 9, timestamp: 0x1234567, streamId: 1, chunkStreamId: 300, payload };
    const reader = new ChunkReader();
    const received = [...encodeMessage(message, 128)].flatMap((byte) => reader.push(Buffer.from([byte])));
    expect(received).toEqual([message]);
  });

  it('reads packets and decodes by ffmpeg', async () => {
    using folder = tempDir();
    const file = folder.file('a.flv');
    await ffmpeg(...TEST_PICTURE, '-t', '2', file).succeeded();
    const { streams, packets } = await probe(file);
    expect(streams.map(({ codec }) => codec)).toEqual(['h264', 'aac']);
    expect(packets.filter(({ kind }) => kind === 'video')).toHaveLength(50);
    expect(await decodeErrors(file)).toBe('');
  });

  it.each(['hvc1', 'av01'] as const)('builds enhanced FLV with real %s', async (fourCc) => {
    const video = await encodeVideo(fourCc);
    expect(video.frames).toHaveLength(50);
    expect(video.frames[0]?.isKey).toBe(true);
    // hvcC: configurationVersion 1. av1C: marker 1, version 1.
    expect(video.configuration[0]).toBe(fourCc === 'hvc1' ? 1 : 0x81);
    const reader = new FlvWireReader();
    reader.push(flvBytes(enhancedTags(video)));
    expect(reader.tags).toHaveLength(51);
    expect(reader.tags[0]?.body.toString('latin1', 1, 5)).toBe(fourCc);
  });

  it('drives Chromium', async () => {
    await using browser = await launchChromium();
    const page = await browser.newPage();
    const complaints = watchPage(page);
    await page.setContent('<title>开播</title><script>console.error("seen")</script>');
    expect(await page.title()).toBe('开播');
    expect(complaints).toEqual(['error: seen']);
  });
});
