import { expect, test } from 'vitest';
import { coverArt } from '../src/cover-art.ts';
import { ffmpegFileCommand, obsTarget } from '../src/features/studio/obs-target.ts';
import { formatBitrate, formatCount, formatDuration } from '../src/format.ts';

test('a room is always drawn the same, and rooms are drawn differently', () => {
  expect(coverArt('room-1')).toEqual(coverArt('room-1'));
  const pictures = new Set(Array.from({ length: 50 }, (_, index) => JSON.stringify(coverArt(`room-${index}`))));
  expect(pictures.size).toBe(50);
});

test('OBS gets the server without the key', () => {
  const streamKey = 'abc?key=s/e';
  expect(obsTarget({ streamKey, publishUrls: { rtmp: `rtmp://h:1935/live/${streamKey}` } })).toEqual({
    server: 'rtmp://h:1935/live',
    key: streamKey,
    url: `rtmp://h:1935/live/${streamKey}`,
  });
  expect(obsTarget({ streamKey, publishUrls: { rtmp: 'rtmp://h:1935/live/abc' } })?.server).toBe('rtmp://h:1935/live');
  expect(obsTarget({ publishUrls: { rtmp: 'rtmp://h/live/a' } })).toBeNull();
  expect(ffmpegFileCommand('rtmp://h/live/a?key=b')).toContain('-f flv "rtmp://h/live/a?key=b"');
});

test.each([
  [0, '00:00'],
  [-5, '00:00'],
  [61_999, '01:01'],
  [3_723_000, '1:02:03'],
])('%d ms is %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('counts and rates are short', () => {
  expect([formatCount(950, 'en'), formatCount(12_345, 'en'), formatCount(12_345, 'zh-CN')]).toEqual([
    '950',
    '12.3K',
    '1.2万',
  ]);
  expect([formatBitrate(640_400), formatBitrate(2_540_000)]).toEqual(['640 kbps', '2.5 Mbps']);
});
