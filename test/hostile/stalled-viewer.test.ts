import net from 'node:net';
import { describe, expect, it } from 'vitest';
import { HttpFlvPublisher } from '../support/flv-client.ts';
import { flvHeader, flvTag } from '../support/flv-wire.ts';
import { RtmpClient } from '../support/rtmp-client.ts';
import { until } from '../support/until.ts';
import { AVC_CONFIG, numberedFrame, Target } from './target.ts';

const MB = 1024 * 1024;
/** So many that what the process needs for itself counts little. */
const STALLED = 30;
const FRAME_MS = 20;
/** 8 Mbit/s. */
const FRAME_BYTES = 20_000;
const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

/** A viewer that asks and never reads. */
function stalled(port: number, path: string, headers = ''): { socket: net.Socket; isClosed: () => boolean } {
  const socket = net.connect(port, '127.0.0.1');
  let isClosed = false;
  socket.on('error', () => {}).on('close', () => (isClosed = true));
  socket.pause();
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`);
  return { socket, isClosed: () => isClosed };
}

describe('a viewer that never reads', () => {
  it('costs less than 8 MB, is cut, and nobody else notices', async () => {
    // At 8 Mbit/s a bound of 256 kB is reached in seconds; the kernel takes some MB before.
    await using target = await Target.start({ viewerBufferBytes: 256 * 1024, slowViewerMs: 3000 });
    const publisher = new HttpFlvPublisher({ port: target.ports.http, path: '/live/heavy.flv' });
    publisher.write(
      Buffer.concat([flvHeader({ audio: false }), flvTag({ type: 'video', timestamp: 0, body: AVC_CONFIG })]),
    );
    let number = 0;
    const publish = setInterval(() => {
      const body = numberedFrame(number, { isKey: number % 50 === 0, bytes: FRAME_BYTES });
      publisher.write(flvTag({ type: 'video', timestamp: number * FRAME_MS, body }));
      number++;
    }, FRAME_MS);
    await until(() => number > 100);
    const handles = target.handles();
    const before = target.rssBytes();

    const viewers = Array.from({ length: STALLED }, (_, index) =>
      stalled(target.ports.http, '/live/heavy.flv', index % 2 === 0 ? '' : UPGRADE),
    );
    const deaf = await RtmpClient.connect({ port: target.ports.rtmp, polite: false });
    deaf.command('play', [null, 'heavy'], await deaf.createStream());
    deaf.socket.pause();
    let peak = 0;
    await until(
      () => {
        peak = Math.max(peak, target.rssBytes() - before);
        return target.handles() <= handles;
      },
      { timeoutMs: 45_000, intervalMs: 100, what: 'every stalled viewer to be cut' },
    );
    clearInterval(publish);
    expect(peak / (STALLED + 1)).toBeLessThan(8 * MB);
    for (const { socket } of viewers) socket.destroy();
    deaf.close();
    publisher.abort();
    await target.unharmed();
  });
});
