import { constants, inflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { deflatedFrame, textFrame } from './frame.ts';

test.each([
  ['a short text', 'hi', [0x81, 2]],
  ['the longest with a short length', 'x'.repeat(125), [0x81, 125]],
  ['a length of two bytes', 'x'.repeat(126), [0x81, 126, 0, 126]],
  ['the longest with two bytes', 'x'.repeat(65_535), [0x81, 126, 0xff, 0xff]],
  ['a length of eight bytes', 'x'.repeat(65_536), [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
  ['characters of several bytes', '房间', [0x81, 6]],
])('%s is one whole unmasked frame', (_name, text, head) => {
  const frame = textFrame(text);
  expect([...frame.subarray(0, head.length)]).toEqual(head);
  expect(frame.subarray(head.length).toString()).toBe(text);
});

test('a compressed frame says so, and leaves the tail of the flush out', async () => {
  const text = '房间 '.repeat(5000);
  const frame = await deflatedFrame(text);
  expect(frame[0]).toBe(0xc1);
  expect(frame[1]).toBeLessThan(127);
  const payload = frame.subarray(frame[1] === 126 ? 4 : 2);
  const whole = Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]);
  expect(inflateRawSync(whole, { finishFlush: constants.Z_SYNC_FLUSH }).toString()).toBe(text);
});
