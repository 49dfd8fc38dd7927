import { describe, expect, it } from 'vitest';
import { RtpHistory } from './rtp-history.ts';
const packet = (frame, bytes = 20) => ({ bytes: new Uint8Array(bytes), frame, timestamp: 0, marker: false });
describe('RtpHistory', () => {
  it('keeps the newest 8,192 packets by their numbers', () => {
    const history = new RtpHistory();
    for (let frame = 0; frame < 20_000; frame++) history.push(packet(frame));
    expect([history.first, history.next]).toEqual([11_808, 20_000]);
    expect(history.get(11_807)).toBeUndefined();
    expect(history.get(11_808)?.frame).toBe(11_808);
    expect(history.get(19_999)?.frame).toBe(19_999);
    expect(history.get(20_000)).toBeUndefined();
    expect(history.get(-1)).toBeUndefined();
  });
  it('keeps 16 MiB', () => {
    const history = new RtpHistory();
    for (let frame = 0; frame < 100; frame++) history.push(packet(frame, 1024 * 1024));
    expect([history.first, history.next]).toEqual([84, 100]);
    history.push(packet(100, 20));
    expect(history.first).toBe(85);
    expect(history.get(84)).toBeUndefined();
  });
});
