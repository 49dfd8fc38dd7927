import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { RtmpClient } from '../support/rtmp-client.ts';
import { Target } from './target.ts';

const MB = 1024 * 1024;
const HTTP_PLAYS = 90_000;
const WS_PLAYS = 10_000;
const RTMP_PLAYS = 500;
const AT_ONCE = 50;
const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

/** One connection, one play, as cheap as a test can make it. Resolves to the status line. */
function play(port: number, number: number, headers: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let status = '';
    const socket = net.connect(port, '127.0.0.1', () =>
      socket.write(`GET /live/unknown-${number}.flv HTTP/1.1\r\nHost: x\r\n${headers}\r\n`),
    );
    socket.on('data', (bytes: Buffer) => (status ||= bytes.toString('latin1', 0, 12)));
    socket.on('error', reject);
    socket.on('close', () => resolve(status));
  });
}

async function playRtmp(port: number, number: number): Promise<string> {
  const client = await RtmpClient.connect({ port });
  const { status } = await client.play(`unknown-${number}`);
  await client.closed;
  return String(status['code']);
}

/** Runs `times` tasks, `AT_ONCE` at a time, and counts their answers. */
async function many(times: number, task: (number: number) => Promise<string>): Promise<{ [answer: string]: number }> {
  const answers: { [answer: string]: number } = {};
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < times) {
      const answer = await task(next++);
      answers[answer] = (answers[answer] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return answers;
}

describe('100,000 plays of unknown names', () => {
  it('leave memory and handles as they were', async () => {
    await using target = await Target.start();
    const { http, rtmp } = target.ports;
    const plays = (times: number, headers: string) => many(times, (number) => play(http, number, headers));
    const handles = target.handles();
    await plays(HTTP_PLAYS / 10, '');
    await plays(WS_PLAYS / 10, UPGRADE);
    await many(RTMP_PLAYS / 10, (number) => playRtmp(rtmp, number));
    const heap = await target.liveHeapBytes();
    const rss = target.rssBytes();
    expect(await plays((HTTP_PLAYS * 9) / 10, '')).toEqual({ 'HTTP/1.1 404': (HTTP_PLAYS * 9) / 10 });
    expect(await plays((WS_PLAYS * 9) / 10, UPGRADE)).toEqual({ 'HTTP/1.1 404': (WS_PLAYS * 9) / 10 });
    expect(await many((RTMP_PLAYS * 9) / 10, (number) => playRtmp(rtmp, number))).toEqual({
      'NetStream.Play.StreamNotFound': (RTMP_PLAYS * 9) / 10,
    });
    // 90,000 plays that left 50 bytes each would be seen; the resident size breathes with the garbage.
    expect((await target.liveHeapBytes()) - heap).toBeLessThan(4 * MB);
    expect(target.rssBytes() - rss).toBeLessThan(160 * MB);
    await target.handlesBack(handles);
    await target.unharmed();
  });
});
