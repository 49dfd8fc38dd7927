import { chmodSync, writeFileSync } from 'node:fs';
import { FLV_TAG_VIDEO, type MediaPacket, packetFromTag } from '@kaibo/formats';
import { describe, expect, it } from 'vitest';
import { childrenRunning } from '../../../../test/support/children.ts';
import { encodeVideo, enhancedTags } from '../../../../test/support/flv-fixtures.ts';
import type { FourCc } from '../../../../test/support/flv-wire.ts';
import { decodeJpeg, isRedAndBlue, redAndBlue } from '../../../../test/support/picture.ts';
import { findProgram } from '../../../../test/support/program.ts';
import { tempDir } from '../../../../test/support/temp-dir.ts';
import { until } from '../../../../test/support/until.ts';
import { h264Config, h264Frame } from '../testing/h264.ts';
import { interFrame } from '../testing/packets.ts';
import { renderPoster } from './render-poster.ts';

const BT709 = ['-vf', 'scale=out_color_matrix=bt709', '-colorspace', 'bt709', '-x264-params', 'aud=1'];

async function firstPackets(
  fourCc: FourCc,
  options: { picture: string; extra?: readonly string[] },
): Promise<{ config: MediaPacket; key: MediaPacket }> {
  const tags = enhancedTags(await encodeVideo(fourCc, { seconds: 0.04, ...options }));
  const [config, key] = tags.map(({ body }) => packetFromTag({ type: FLV_TAG_VIDEO, timestampMs: 0, body }));
  if (!config || !key) throw new Error('nothing was encoded');
  return { config, key };
}

describe('a poster of', () => {
  const cases: { what: string; fourCc: FourCc; picture: string; extra?: readonly string[]; size: [number, number] }[] =
    [
      { what: 'H.264 of HD', fourCc: 'avc1', picture: redAndBlue(1280, 720), extra: BT709, size: [640, 360] },
      { what: 'HEVC held upright', fourCc: 'hvc1', picture: redAndBlue(180, 320), size: [640, 1138] },
      { what: 'AV1', fourCc: 'av01', picture: redAndBlue(320, 180), size: [640, 360] },
      { what: 'VP9, 4:3', fourCc: 'vp09', picture: redAndBlue(320, 240), size: [640, 480] },
      {
        what: 'H.264 whose pixels are wide',
        fourCc: 'avc1',
        picture: `${redAndBlue(360, 288)},setsar=64/45`,
        size: [640, 360],
      },
      { what: 'H.264 of no sensible shape', fourCc: 'avc1', picture: redAndBlue(64, 1600), size: [52, 1280] },
    ];

  it.each(cases)('$what', async ({ fourCc, picture, extra, size }) => {
    const poster = await renderPoster({
      ffmpeg: findProgram('ffmpeg'),
      ...(await firstPackets(fourCc, { picture, extra })),
    });
    const decoded = await decodeJpeg(poster);
    expect([decoded.width, decoded.height]).toEqual(size);
    expect(isRedAndBlue(decoded)).toBe(true);
  });
});

describe('no poster', () => {
  const config = h264Config(0);
  const key = h264Frame('key', { dtsMs: 0 });

  it.each([
    { why: 'of bytes that are no picture', order: { config, key }, code: 'failed' },
    { why: 'without a configuration', order: { key }, code: 'malformed' },
    { why: 'of a frame cut short', order: { config, key: interFrame(0, 0, 0, 1, 0) }, code: 'truncated' },
    { why: 'of a codec of the past', order: { key: packetFromTag(sorenson()) }, code: 'unsupported' },
  ])('$why', async ({ order, code }) => {
    await expect(renderPoster({ ffmpeg: findProgram('ffmpeg'), ...order })).rejects.toMatchObject({ code });
  });

  it('of a picture that would eat all memory', async () => {
    const order = await firstPackets('avc1', { picture: 'color=c=red:s=8320x4352:r=25' });
    await expect(renderPoster({ ffmpeg: findProgram('ffmpeg'), ...order })).rejects.toMatchObject({ code: 'failed' });
  });

  it('where there is no such program', async () => {
    await expect(renderPoster({ ffmpeg: '/nowhere/ffmpeg', config, key })).rejects.toMatchObject({ code: 'failed' });
  });

  it.each([
    { why: 'of one that never ends', script: 'exec sleep 60', code: 'timed_out' },
    { why: 'of one that talks too much', script: 'exec cat /dev/zero', code: 'too_large' },
  ])('$why, which is killed', async ({ script, code }) => {
    using folder = tempDir();
    const ffmpeg = folder.file('ffmpeg');
    writeFileSync(ffmpeg, `#!/bin/sh\n${script}\n`);
    chmodSync(ffmpeg, 0o755);
    const timeLimitMs = code === 'timed_out' ? 300 : 20_000;
    await expect(renderPoster({ ffmpeg, config, key, timeLimitMs })).rejects.toMatchObject({ code });
    await until(() => [...childrenRunning('sleep'), ...childrenRunning('cat')].length === 0);
  });

  it('for whom nobody waits any more', async () => {
    const stop = new AbortController();
    const rendering = renderPoster({ ffmpeg: findProgram('ffmpeg'), config, key, signal: stop.signal });
    stop.abort();
    await expect(rendering).rejects.toMatchObject({ code: 'aborted' });
    await until(() => childrenRunning('ffmpeg').length === 0);
  });
});

/** CodecID 2 (FLV specification 10.1, E.4.3.1). */
function sorenson(): { type: typeof FLV_TAG_VIDEO; timestampMs: number; body: Uint8Array } {
  return { type: FLV_TAG_VIDEO, timestampMs: 0, body: Uint8Array.of(0x12, 0, 0, 0x84) };
}
