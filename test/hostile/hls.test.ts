// Requests that nobody's player makes: each gets the right status, and none costs the server or another viewer anything.
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { WireTag } from '../support/flv-wire.ts';
import { hlsGet, HlsViewer } from '../support/hls-client.ts';
import { type RunningMediaServer, startMediaServer } from '../support/media-process.ts';
import { RtmpClient } from '../support/rtmp-client.ts';
import { audioFrame, audioHeader, videoFrame, videoHeader } from '../support/synthetic.ts';
import { until } from '../support/until.ts';
import { lastWords } from './target.ts';

const MB = 1024 * 1024;
const HELD = 10_000;

let media: RunningMediaServer;
let feed: { send(tags: readonly WireTag[]): void; close(): void };
let viewer: HlsViewer;
let other: HlsViewer;

/** The second stream ends when its publisher goes; the first one's publisher is there and says no more than it is told. */
beforeAll(async () => {
  media = await startMediaServer(
    '--workers=2',
    '--hls.mode=always',
    '--limits.playWaitMs=500',
    '--limits.handshakeMs=60000',
  );
  feed = await publish('attacked');
  const second = await publish('other');
  for (const { send } of [feed, second]) send([videoHeader(), audioHeader(), ...programme(0, 5200)]);
  viewer = await appears('attacked');
  other = await appears('other');
});
afterAll(async () => media[Symbol.asyncDispose]());

function programme(fromMs: number, toMs: number): WireTag[] {
  const times = Array.from({ length: (toMs - fromMs) / 40 }, (_, index) => fromMs + index * 40);
  return times.flatMap((ms) => [videoFrame(ms, { isKey: ms % 2000 === 0, seed: ms / 40 }), audioFrame(ms, ms / 40)]);
}

async function publish(name: string): Promise<typeof feed> {
  const client = await RtmpClient.connect({ port: media.ports.rtmp });
  client.setChunkSize(4096);
  const { streamId } = await client.publish(name);
  // A publisher that says nothing would be let go: data keeps it.
  const alive = setInterval(
    () => client.sendMedia(streamId, { type: 'data', timestamp: 0, payload: Buffer.from('0200046e6f6e6505', 'hex') }),
    1000,
  );
  return {
    send: (tags) => {
      for (const { type, timestamp, body } of tags)
        client.sendMedia(streamId, { type: type === 'script' ? 'data' : type, timestamp, payload: body });
    },
    close: () => {
      clearInterval(alive);
      client.close();
    },
  };
}

async function appears(name: string): Promise<HlsViewer> {
  const address = `http://127.0.0.1:${media.ports.http}/live/${name}.m3u8`;
  await until(async () => (await hlsGet(address)).status === 200, { timeoutMs: 20_000, what: `HLS of ${name}` });
  return HlsViewer.open(address);
}

/** A path as it is, without the tidying of a URL parser. */
async function rawStatus(path: string, { method = 'GET', head = '' } = {}): Promise<number> {
  const words = await lastWords(
    media.ports.http,
    `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${head}\r\n`,
  );
  return Number(words.toString('latin1', 9, 12));
}

const mediaPath = (more = ''): string => {
  const { pathname, search } = new URL(viewer.url);
  return `${pathname}${search}${more === '' ? '' : `${search === '' ? '?' : '&'}${more}`}`;
};
const pathOf = (uri: string): string => new URL(uri, viewer.url).pathname;
const lastSegment = (): string => viewer.playlist.segments.at(-1)?.uri ?? '';
const otherSegment = (): string => other.playlist.segments.at(-1)?.uri ?? '';

const CASES: readonly [what: string, path: () => string, status: number | RegExp, head?: string][] = [
  ['a path out of the folder', () => '/live/attacked/../../../../etc/passwd', /^(400|404)$/],
  ['one in per cent', () => '/live/attacked/%2e%2e%2f%2e%2e%2fetc%2fpasswd', /^(400|404)$/],
  ['a zero byte', () => '/live/attacked/%00.m4s', /^(400|404)$/],
  ['per cent that means nothing', () => '/live/attacked/%zz.m4s', /^(400|404)$/],
  ['an unknown stream', () => '/live/nobody-here.m3u8', 404],
  ['a name that is none', () => '/live/%3Cscript%3E.m3u8', 400],
  ['a segment of another stream', () => `/live/attacked/${otherSegment().split('?')[0]}`, 404],
  ['a segment that is not there yet', () => pathOf(lastSegment()).replace(/\d+\.m4s$/, '99999.m4s'), 404],
  ['a segment of a number that is none', () => pathOf(lastSegment()).replace(/\d+\.m4s$/, '-1.m4s'), 404],
  ['a segment of an endless number', () => pathOf(lastSegment()).replace(/\d+\.m4s$/, `${'9'.repeat(40)}.m4s`), 404],
  ['a part that is not there', () => pathOf(lastSegment()).replace(/\.m4s$/, '.999.m4s'), 404],
  ['an initialization of another run', () => pathOf(lastSegment()).replace(/-\d+\.m4s$/, '-init99.mp4'), 404],
  ['_HLS_msn below zero', () => mediaPath('_HLS_msn=-1'), 400],
  ['_HLS_msn in words', () => mediaPath('_HLS_msn=next'), 400],
  ['_HLS_msn without end', () => mediaPath(`_HLS_msn=${'9'.repeat(30)}`), 400],
  ['_HLS_msn far ahead', () => mediaPath('_HLS_msn=100000'), 400],
  ['_HLS_part alone', () => mediaPath('_HLS_part=0'), 400],
  ['_HLS_part far ahead', () => mediaPath('_HLS_msn=3&_HLS_part=4000'), 400],
  ['_HLS_part in words', () => mediaPath('_HLS_msn=3&_HLS_part=x'), 400],
  ['_HLS_msn twice', () => mediaPath('_HLS_msn=1&_HLS_msn=100000'), 400],
  ['a forged session', () => `${new URL(viewer.url).pathname}?session=${'A'.repeat(64)}`, 403],
  ['the session of another stream', () => new URL(viewer.url).pathname + new URL(other.url).search, 403],
  ['a range behind the end', () => pathOf(lastSegment()), 416, 'Range: bytes=99999999-\r\n'],
  ['a range of nothing', () => pathOf(lastSegment()), 416, 'Range: bytes=-0\r\n'],
  ['a range in words', () => pathOf(lastSegment()), 200, 'Range: bytes=first-last\r\n'],
  ['a thousand ranges', () => pathOf(lastSegment()), 200, `Range: bytes=${'0-0,'.repeat(1000)}1-1\r\n`],
  ['a head that is too large', () => mediaPath(), 431, `X-Large: ${'x'.repeat(20_000)}\r\n`],
];

describe('hostile requests', () => {
  it.each(CASES)('%s', async (_what, path, status, head = '') => {
    const got = await rawStatus(path(), { head });
    if (typeof status === 'number') expect(got).toBe(status);
    else expect(String(got)).toMatch(status);
    expect((await hlsGet(viewer.url)).status).toBe(200);
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH'])('%s is no way to ask for a playlist', async (method) => {
    expect(await rawStatus(mediaPath(), { method, head: 'Content-Length: 0\r\n' })).toBe(405);
  });

  it('ten thousand held reloads cost little, and the next part answers those that are held', async () => {
    await viewer.load();
    const { segments, openParts, tags } = viewer.playlist;
    const msn = Number(tags.get('EXT-X-MEDIA-SEQUENCE')?.[0]) + segments.length;
    const path = mediaPath(`_HLS_msn=${msn}&_HLS_part=${openParts.length}`);
    const before = rssBytes();
    const answers: { [status: string]: number } = {};
    let open = 0;
    const sockets = Array.from({ length: HELD }, () => {
      const socket = net.connect(media.ports.http, '127.0.0.1', () => {
        open++;
        socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
      });
      socket.on('data', (bytes: Buffer) => {
        const status = bytes.toString('latin1', 9, 12);
        answers[status] = (answers[status] ?? 0) + 1;
        socket.destroy();
      });
      return socket.on('error', () => {});
    });
    try {
      await until(() => open === HELD, { timeoutMs: 60_000, what: `${HELD} connections` });
      // Somebody else is served meanwhile.
      expect((await hlsGet(other.url)).status).toBe(200);
      expect(rssBytes() - before).toBeLessThan(400 * MB);
      feed.send(programme(5200, 5800));
      const answered = (): number => Object.values(answers).reduce((sum, count) => sum + count, 0);
      await until(() => answered() === HELD, { timeoutMs: 60_000, what: 'all to be answered' });
      expect(Object.keys(answers).toSorted()).toEqual(expect.arrayContaining(['200']));
      for (const status of Object.keys(answers)) expect(['200', '503']).toContain(status);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    expect((await viewer.load()).segments.length).toBeGreaterThan(0);
    expect(viewer.violations).toEqual([]);
  });
});

function rssBytes(): number {
  const status = readFileSync(`/proc/${media.program.child.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
}
