import { once } from 'node:events';
import http, { type IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalMediaServer } from '../../../../test/support/local-media-server.ts';
import { RtmpClient } from '../../../../test/support/rtmp-client.ts';
import { audioFrame, audioHeader, videoFrame, videoHeader } from '../../../../test/support/synthetic.ts';
import { until } from '../../../../test/support/until.ts';

/** Two workers: connections are spread over both, so that a dozen requests reach each. */
const ENOUGH = 12;

let server: LocalMediaServer;
/** Packages on demand, counts nobody. */
let open: LocalMediaServer;

beforeAll(async () => {
  const limits = { playWaitMs: 1500 };
  server = await LocalMediaServer.start({
    limits,
    authorizePlay: async ({ stream, param }) => {
      if (stream === 'closed')
        return { action: 'deny', status: 403, code: 'room_private', message: 'Not for everybody.' };
      const viewer = param.includes('vid') ? 'p' : undefined;
      return { action: 'play', restricted: stream.startsWith('private'), viewer };
    },
  });
  const hls = { sessions: false, mode: 'on_demand', mpegts: true } as const;
  open = await LocalMediaServer.start({ hls });
});
afterAll(async () => {
  await Promise.all([server.stop(), open.stop()]);
});

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  bytes: Buffer;
}

/** A request on a connection of its own. */
async function get(
  path: string,
  {
    method = 'GET',
    headers = {},
    at = server,
  }: { method?: string; headers?: Record<string, string>; at?: LocalMediaServer } = {},
): Promise<Answer> {
  const request = http.request({ host: '127.0.0.1', port: at.ports.http, path, method, headers, agent: false });
  request.end();
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  const bytes = Buffer.concat(pieces);
  return { status: response.statusCode ?? 0, headers: response.headers, text: bytes.toString(), bytes };
}

async function publish(name: string, at = server) {
  const client = await RtmpClient.connect({ port: at.ports.rtmp });
  client.setChunkSize(65_536);
  const { streamId } = await client.publish(name);
  let hasHeaders = false;
  return {
    close: () => client.close(),
    /** A key frame every two seconds, 25 frames a second, from `fromMs` on. */
    send: (fromMs: number, toMs: number) => {
      const tags = hasHeaders ? [] : [videoHeader(), audioHeader()];
      hasHeaders = true;
      for (let ms = fromMs; ms < toMs; ms += 40)
        tags.push(videoFrame(ms, { isKey: ms % 2000 === 0, seed: ms / 40 }), audioFrame(ms, ms / 40));
      for (const { type, timestamp, body } of tags)
        client.sendMedia(streamId, { type: type === 'script' ? 'data' : type, timestamp, payload: body });
    },
  };
}

const lastLine = (text: string): string => text.trimEnd().split('\n').at(-1) ?? '';
const segmentsOf = (text: string): string[] =>
  text.split('\n').filter((line) => line.includes('.m4s') && !line.startsWith('#'));

/** Path of the media playlist, with its session. */
async function enter(name: string, at = server): Promise<string> {
  const { status, text } = await get(`/live/${name}.m3u8`, { at });
  expect(status).toBe(200);
  return `/live/${lastLine(text)}`;
}

/** What both workers answer once all of five seconds is there. */
async function settled(path: string): Promise<Answer[]> {
  return until(
    async () => {
      const playlists = await Promise.all(Array.from({ length: ENOUGH }, () => get(path)));
      return playlists.every(({ text }) => text.includes('-2.2.m4s')) && playlists;
    },
    { what: 'all that was sent' },
  );
}

describe('HLS over HTTP', () => {
  it('any worker serves the same playlist and the same bytes', async () => {
    const publisher = await publish('same');
    publisher.send(0, 5000);
    const path = await enter('same');
    expect(path).toMatch(/^\/live\/same\/live\.m3u8\?session=[a-z0-9]{12}\.[\w-]{22}$/);
    const playlists = await settled(path);
    expect(new Set(playlists.map(({ text, headers }) => `${headers.etag} ${text}`)).size).toBe(1);
    const [first = ''] = segmentsOf(playlists[0]?.text ?? '');
    const segments = await Promise.all(Array.from({ length: ENOUGH }, () => get(`/live/same/${first}`)));
    expect(new Set(segments.map(({ bytes }) => bytes.toString('base64'))).size).toBe(1);
    expect(segments[0]?.bytes.length).toBeGreaterThan(1000);
    expect(segments[0]?.headers['cache-control']).toBe('public, max-age=3600, immutable');
    publisher.close();
  });

  it('speaks HTTP as caches and players expect it', async () => {
    const publisher = await publish('http');
    publisher.send(0, 5000);
    const path = await enter('http');
    await settled(path);
    const { text, headers } = await get(path);
    expect(headers).toMatchObject({
      'access-control-allow-origin': '*',
      'content-type': 'application/vnd.apple.mpegurl',
    });
    expect((await get(path, { headers: { 'if-none-match': headers.etag ?? '' } })).status).toBe(304);
    const segment = `/live/http/${segmentsOf(text)[0]}`;
    const whole = await get(segment);
    const range = await get(segment, { headers: { range: 'bytes=10-19' } });
    expect([range.status, range.headers['content-range'], range.bytes.equals(whole.bytes.subarray(10, 20))]).toEqual([
      206,
      `bytes 10-19/${whole.bytes.length}`,
      true,
    ]);
    const tail = await get(segment, { headers: { range: 'bytes=-5' } });
    expect(tail.bytes.equals(whole.bytes.subarray(-5))).toBe(true);
    expect((await get(segment, { headers: { range: 'bytes=99999999-' } })).status).toBe(416);
    const head = await get(segment, { method: 'HEAD' });
    expect([head.status, head.headers['content-length'], head.bytes.length]).toEqual([
      200,
      String(whole.bytes.length),
      0,
    ]);
    expect((await get(segment, { method: 'OPTIONS' })).status).toBe(204);
    const post = await get(path, { method: 'POST' });
    expect([post.status, JSON.parse(post.text)]).toEqual([
      405,
      { error: expect.any(String), code: 'method_not_allowed' },
    ]);
    for (const query of ['_HLS_msn=x', '_HLS_part=1', '_HLS_msn=900', '_HLS_msn=2&_HLS_part=99'])
      expect((await get(`${path}&${query}`)).status).toBe(400);
    publisher.close();
  });

  it('one connection carries request after request', async () => {
    const publisher = await publish('kept');
    publisher.send(0, 3000);
    const path = await enter('kept');
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    for (let count = 0; count < 4; count++) {
      const request = http.get({ host: '127.0.0.1', port: server.ports.http, path, agent });
      const [response] = (await once(request, 'response')) as [http.IncomingMessage];
      ports.add(response.socket.localPort);
      response.resume();
      await once(response, 'end');
    }
    expect(ports.size).toBe(1);
    agent.destroy();
    publisher.close();
  });

  it('a reload waits for what comes, and gets the playlist as it is when the publisher goes', async () => {
    const publisher = await publish('held');
    publisher.send(0, 4440);
    const path = await enter('held');
    const run = await until(
      async () => /PRELOAD-HINT:TYPE=PART,URI="(\w+)-2\.1\.m4s"/.exec((await get(path)).text)?.[1],
      { what: 'the hint of the second part' },
    );
    const held = Array.from({ length: ENOUGH }, () => get(`${path}&_HLS_msn=2&_HLS_part=1`));
    const hinted = get(`/live/held/${run}-2.1.m4s`);
    publisher.send(4440, 4840);
    const texts = (await Promise.all(held)).map(({ text }) => text);
    expect(new Set(texts).size).toBe(1);
    expect(texts[0]).toContain('-2.1.m4s"');
    expect((await hinted).status).toBe(200);
    const more = get(`${path}&_HLS_msn=3`);
    const after = get(`${path}&_HLS_msn=2&_HLS_part=2`);
    publisher.send(4840, 5280);
    await after;
    publisher.close();
    const unchanged = await more;
    expect([unchanged.status, unchanged.headers['cache-control']]).toEqual([200, 'no-store']);
    expect(unchanged.text).not.toContain('ENDLIST');
    await until(async () => (await get(path)).text.includes('#EXT-X-ENDLIST'), { what: 'the end' });
  });

  it('viewers are counted once, told of, and kicked everywhere', async () => {
    const publisher = await publish('counted');
    publisher.send(0, 3000);
    const path = await enter('counted');
    await Promise.all(Array.from({ length: ENOUGH }, () => get(path)));
    expect(server.stream('counted')?.viewers).toBe(1);
    const told = server.events.find(({ type, stream }) => type === 'playing' && stream === 'counted');
    expect(told).toMatchObject({ client: { protocol: 'hls', stream: 'counted' } });
    const [client] = (await server.server.clients()).filter(
      ({ stream, kind }) => stream === 'counted' && kind === 'play',
    );
    expect(server.server.kickClient(client?.clientId ?? '')).toBe(true);
    await until(async () => {
      const answers = await Promise.all(Array.from({ length: ENOUGH }, () => get(path)));
      return answers.every(({ status }) => status === 403);
    });
    expect(server.events.at(-1)).toMatchObject({ type: 'stopped', reason: 'kicked' });
    expect(server.stream('counted')?.viewers).toBe(0);
    publisher.close();
  });

  it('without a session it leads to one; a forged one, or another stream’s, is refused', async () => {
    const publisher = await publish('led');
    publisher.send(0, 3000);
    const led = await get('/live/led/live.m3u8?vid=1');
    expect([led.status, led.headers.location]).toEqual([302, expect.stringMatching(/^live\.m3u8\?vid=1&session=/)]);
    expect((await get(`/live/led/${led.headers.location}`)).status).toBe(200);
    expect((await get(`/live/led/live.m3u8?session=${'a'.repeat(12)}.${'b'.repeat(22)}`)).status).toBe(403);
    expect((await get(`/live/other/${led.headers.location}`)).status).toBe(403);
    const refused = await get('/live/closed.m3u8');
    expect([refused.status, JSON.parse(refused.text).code]).toEqual([403, 'room_private']);
    publisher.close();
  });

  it('segments of a private stream need the session', async () => {
    const publisher = await publish('private-1');
    publisher.send(0, 5000);
    const path = await enter('private-1');
    const { text, headers } = await get(path);
    expect(headers['cache-control']).toBe('no-store');
    const [segment = ''] = segmentsOf(text);
    expect(segment).toMatch(/\?session=/);
    for (const file of [segment, /URI="([^"]+init[^"]+)"/.exec(text)?.[1] ?? '']) {
      const [bare] = file.split('?');
      const withIt = await Promise.all(Array.from({ length: ENOUGH }, () => get(`/live/private-1/${file}`)));
      const without = await Promise.all(Array.from({ length: ENOUGH }, () => get(`/live/private-1/${bare}`)));
      expect([...new Set(withIt.map(({ status }) => status))]).toEqual([200]);
      expect([...new Set(without.map(({ status }) => status))]).toEqual([403]);
    }
    publisher.close();
  });

  it('waits for a publisher, for as long as FLV does, and forgets who does not', async () => {
    expect((await get('/live/nobody.m3u8')).status).toBe(404);
    const request = http.get({ host: '127.0.0.1', port: server.ports.http, path: '/live/soon.m3u8' });
    request.on('error', () => undefined);
    await server.hasViewers('soon', 1);
    request.destroy();
    await until(() => server.stream('soon') === undefined, { what: 'the viewer that went to be forgotten' });
    const waiting = get('/live/soon.m3u8');
    await server.hasViewers('soon', 1);
    const publisher = await publish('soon');
    publisher.send(0, 3000);
    expect((await waiting).status).toBe(200);
    publisher.close();
  });

  it('goes on behind a discontinuity when another publisher follows, on whichever worker', async () => {
    const publisher = await publish('follows');
    publisher.send(0, 5000);
    await enter('follows');
    publisher.close();
    const second = await publish('follows');
    second.send(0, 5000);
    const path = await enter('follows');
    await until(async () => (await get(path)).text.includes('EXT-X-DISCONTINUITY\n'), { what: 'the second publisher' });
    expect((await get(path)).status).toBe(200);
    second.close();
  });
});

describe('HLS for a CDN, on demand', () => {
  it('begins with the first request, out of the GOP cache, is the same for everybody, and MPEG-TS too', async () => {
    const publisher = await publish('cdn', open);
    publisher.send(0, 4900);
    await until(() => open.stream('cdn')?.frames === 123, { what: 'all frames' });
    const { text } = await get('/live/cdn.m3u8', { at: open });
    expect(lastLine(text)).toBe('cdn/live.m3u8');
    const playlist = await get('/live/cdn/live.m3u8', { at: open });
    expect(playlist.headers['cache-control']).toMatch(/^public, max-age=/);
    const msn = Number(/MEDIA-SEQUENCE:(\d+)/.exec(playlist.text)?.[1]);
    expect(msn).toBe(3);
    expect(playlist.text).toContain('-3.0.m4s');
    expect(open.events.some(({ type }) => type === 'playing')).toBe(false);
    expect((await get('/live/same/ts.m3u8')).status, 'where it is off').toBe(404);
    const old = get('/live/cdn/ts.m3u8', { at: open });
    publisher.send(4920, 6200);
    const { text: ts, status: oldStatus } = await old;
    expect(oldStatus, ts).toBe(200);
    expect(ts).not.toMatch(/EXT-X-(?:MAP|PART)/);
    const segment = await get(`/live/cdn/${lastLine(ts)}`, { at: open });
    expect([segment.headers['content-type'], segment.bytes[0], segment.bytes.length % 188]).toEqual([
      'video/mp2t',
      0x47,
      0,
    ]);
    publisher.close();
    expect([...server.errors, ...open.errors], 'faults of the server itself').toEqual([]);
  });
});
