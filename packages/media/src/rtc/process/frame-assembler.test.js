import { describe, expect, it } from 'vitest';
import { rtpPacket } from '../../testing/rtp.ts';
import { FrameAssembler } from './frame-assembler.ts';
// H.264: a slice that begins a picture (first_mb_in_slice 0), one that goes on, fragments (RFC 6184, 5.8).
const FIRST = [0x41, 0x9a, 1];
const LATER = [0x41, 0x43, 2];
const SPS = [0x67, 0x42];
const FU_START = [0x7c, 0x85, 0x88];
const FU_MIDDLE = [0x7c, 0x05, 3];
const FU_END = [0x7c, 0x45, 4];
/** `timestamp: payloads` of each frame that came out. */
function frames(steps) {
  const out = [];
  const assembler = new FrameAssembler({ codec: 'h264', onFrame: (frame) => out.push(frame) });
  for (const step of steps) {
    if (step === 'gap') assembler.gap();
    else {
      const [timestamp, payload, marker] = step;
      assembler.push(rtpPacket({ timestamp, payload: Uint8Array.from(payload), marker: marker === 'end' }));
    }
  }
  return out.map(({ timestamp, payloads }) => `${timestamp}: ${payloads.map((one) => [...one].join('.')).join(' ')}`);
}
const text = (timestamp, ...payloads) => `${timestamp}: ${payloads.map((payload) => payload.join('.')).join(' ')}`;
describe('FrameAssembler', () => {
  it.each([
    {
      name: 'ended by the marker',
      steps: [
        [1, FIRST],
        [1, LATER, 'end'],
      ],
      out: [text(1, FIRST, LATER)],
    },
    {
      name: 'ended by the next timestamp',
      steps: [
        [1, FIRST],
        [2, FIRST],
      ],
      out: [text(1, FIRST)],
    },
    { name: 'of time 0', steps: [[0, FIRST, 'end']], out: [text(0, FIRST)] },
    {
      name: 'with packets that only probe inside, after and between',
      steps: [
        [1, FIRST],
        [1, []],
        [1, LATER, 'end'],
        [1, []],
        [2, FIRST, 'end'],
        [3, []],
        [4, FIRST, 'end'],
      ],
      out: [text(1, FIRST, LATER), text(2, FIRST), text(4, FIRST)],
    },
    {
      name: 'but the one with a hole in its middle',
      steps: [[1, FU_START], 'gap', [1, FU_END, 'end'], [2, FIRST, 'end']],
      out: [text(2, FIRST)],
    },
    {
      name: 'but the one whose start is lost',
      steps: [[1, FIRST, 'end'], 'gap', [2, FU_MIDDLE], [2, FU_END, 'end'], [3, FIRST, 'end']],
      out: [text(1, FIRST), text(3, FIRST)],
    },
    {
      name: 'but the one whose end is lost',
      steps: [[1, FU_START], 'gap', [2, FIRST, 'end']],
      out: [text(2, FIRST)],
    },
    {
      name: 'but two of which the end and the start are lost',
      steps: [[1, FU_START], 'gap', [2, LATER, 'end'], [3, FIRST, 'end']],
      out: [text(3, FIRST)],
    },
    {
      name: 'after a whole one is lost',
      steps: [[1, FIRST, 'end'], 'gap', [3, SPS], [3, FU_START], [3, FU_END, 'end']],
      out: [text(1, FIRST), text(3, SPS, FU_START, FU_END)],
    },
    {
      name: 'after probes only were lost',
      steps: [[1, FIRST, 'end'], 'gap', [1, []], [2, FIRST, 'end']],
      out: [text(1, FIRST), text(2, FIRST)],
    },
    {
      name: 'but those before the first start, when it begins with a hole',
      steps: ['gap', [1, LATER, 'end'], [2, FU_END, 'end'], [3, FIRST, 'end']],
      out: [text(3, FIRST)],
    },
    {
      name: 'but the one with two holes',
      steps: [[1, FU_START], 'gap', [1, FU_MIDDLE], 'gap', [1, FU_END, 'end'], [2, FIRST, 'end']],
      out: [text(2, FIRST)],
    },
  ])('gives frames $name', ({ steps, out }) => expect(frames(steps)).toEqual(out));
  it('leaves out a frame of too many packets', () => {
    const endless = Array.from({ length: 4097 }, () => [1, LATER]);
    expect(frames([...endless, [1, LATER, 'end'], [2, FIRST, 'end']])).toEqual([text(2, FIRST)]);
    expect(frames([...endless.slice(1), [2, FIRST, 'end']])).toHaveLength(2);
  });
});
