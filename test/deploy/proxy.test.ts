// The real nginx and Caddy, by the example files, in front of a Kaibo that runs.
import { connect } from 'node:tls';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publishTestPicture } from '../support/ffmpeg.ts';
import { freePort } from '../support/ports.ts';
import { startPlatform, type Platform } from '../support/platform.ts';
import type { Program } from '../support/program.ts';
import { until } from '../support/until.ts';
import { startCaddy, startNginx, type Behind, type Proxy } from './proxies.ts';
import { Visitor } from './proxy-client.ts';

const PASSWORD = 'correct horse battery';
/** Nobody's; a client may say it of itself. */
const CLAIMED = '203.0.113.9';
const VIDEO_BYTES = 3_000_000;

interface Scene {
  platform: Platform;
  behind: Behind;
  mediaApi: number;
  encoder: Program;
  playId: string;
  /** Of an account that was made at the platform itself. */
  headers: Record<string, string>;
}

let scene: Scene;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  const [media, rtmp, mediaApi] = [await freePort(), await freePort(), await freePort()];
  const proxies = '--media.rtmp.proxies=["127.0.0.2"]';
  const ports = [proxies, `--media.http.port=${media}`, `--media.rtmp.port=${rtmp}`, `--media.api.port=${mediaApi}`];
  const rest = [
    '--trustProxy=127.0.0.1,::1',
    '--access=open',
    '--files.minFreeBytes=0',
    '--publicUrl=https://127.0.0.1',
  ];
  const platform = stack.use(await startPlatform(...ports, ...rest));
  const registered = await fetch(`${platform.url}/api/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'ada', password: PASSWORD }),
  });
  const { accessToken } = (await registered.json()) as { accessToken: string };
  const room = await platform.createRoom('behind a proxy');
  const rtmpUrl = `rtmp://127.0.0.1:${rtmp}/live/${room.streamKey}`;
  const encoder = stack.use(publishTestPicture(rtmpUrl));
  await until(async () => (await platform.room(room.id)).status === 'live', { what: 'the room turning live' });
  scene = {
    ...{ platform, mediaApi, encoder, playId: room.playId },
    behind: { http: Number(new URL(platform.url).port), media, rtmp },
    headers: { authorization: `Bearer ${accessToken}` },
  };
});

afterAll(() => stack.disposeAsync());

describe.each([
  ['nginx', '127.0.0.2', startNginx],
  ['Caddy', '127.0.0.3', startCaddy],
])('behind %s', (name, address, start) => {
  let proxy: Proxy;
  let visitor: Visitor;

  beforeAll(async () => {
    proxy = stack.use(await start(scene.behind));
    visitor = new Visitor(proxy.url, address);
  });

  test('the page has TLS, and without it people are sent there', async () => {
    const page = await visitor.ask('/live', { headers: { accept: 'text/html' } });
    expect([page.status, page.text]).toEqual([200, expect.stringContaining('<div id="app">')]);
    const plain = await fetch(`${proxy.plainUrl}/rooms`, { redirect: 'manual' });
    expect([plain.status, plain.headers.get('location')]).toEqual([308, expect.stringMatching(/^https:.*\/rooms$/)]);
  });

  test('a secure page gets addresses by its own port, through which streams play', async () => {
    const { status, text } = await visitor.ask('/api/rooms');
    expect(status).toBe(200);
    const [{ playUrls }] = JSON.parse(text) as [{ playUrls: Record<string, string> }];
    expect(playUrls).toMatchObject({ flv: expect.stringMatching(/^https:\/\/127\.0\.0\.1:443\/live\//) });
    const path = `/live/${scene.playId}.flv`;
    const stream = await visitor.open(path, { headers: { 'x-forwarded-for': CLAIMED } });
    expect(stream.statusCode).toBe(200);
    // It has no end: what comes before it, came unbuffered.
    const [first] = (await once(stream, 'data')) as [Buffer];
    expect(first.subarray(0, 3).toString()).toBe('FLV');
    // The media server knows who watches by the proxy's word, and not by the viewer's own.
    const api = await fetch(`http://127.0.0.1:${scene.mediaApi}/api/v1/clients/?count=100`);
    const { clients } = (await api.json()) as { clients: { ip: string; publish: boolean }[] };
    const watching = clients.filter(({ publish }) => !publish).map(({ ip }) => ip);
    expect(watching).toContain(address);
    expect(watching).not.toContain(CLAIMED);
    stream.destroy();
    const socket = await visitor.socket(path);
    await until(() => socket.messages.length > 0, { what: 'FLV over WebSocket' });
    expect(socket.messages[0]?.subarray(0, 3).toString()).toBe('FLV');
    socket.close();
    const playlist = await visitor.ask(`/live/${scene.playId}.m3u8`);
    expect([playlist.status, playlist.text]).toEqual([200, expect.stringMatching(/^#EXTM3U/)]);
  });

  test('events come by WebSocket and by SSE as they happen', async () => {
    const socket = await visitor.socket('/ws', { type: 'subscribe', channel: 'rooms' });
    await until(() => socket.messages.join('').includes('"snapshot"'), { what: 'the snapshot by WebSocket' });
    const stream = await visitor.open('/api/events?channels=rooms', { headers: { accept: 'text/event-stream' } });
    let events = '';
    stream.on('data', (chunk: Buffer) => (events += chunk.toString()));
    await until(() => events.includes('"snapshot"'), { what: 'the snapshot by SSE' });
    const room = await visitor.post('/api/rooms', { title: 'through the proxy' });
    await visitor.post(
      `/api/rooms/${String(room['id'])}/close`,
      {},
      { authorization: `Bearer ${String(room['ownerToken'])}` },
    );
    // Either tells of the room, though the stream of events goes on.
    for (const [name, text] of [
      ['WebSocket', () => socket.messages.join('')],
      ['SSE', () => events],
    ] as const)
      await until(() => text().includes(String(room['id'])), { what: `the event by ${name}` });
    expect(stream.complete).toBe(false);
    stream.destroy();
    socket.close();
  });

  test('an upload of more than proxies usually take goes through, piece by piece', async () => {
    const headers = { ...scene.headers, 'tus-resumable': '1.0.0' };
    const metadata = `filename ${Buffer.from('clip.mp4').toString('base64')}`;
    const begun = await visitor.ask('/api/files/uploads', {
      method: 'POST',
      headers: { ...headers, 'upload-length': VIDEO_BYTES, 'upload-metadata': metadata },
    });
    expect(begun.status).toBe(201);
    const at = new URL(begun.headers.location ?? '', proxy.url).pathname;
    let offset = 0;
    for (const size of [VIDEO_BYTES - 1000, 500]) {
      const piece = { ...headers, 'content-type': 'application/offset+octet-stream', 'upload-offset': offset };
      const sent = await visitor.ask(at, { method: 'PATCH', headers: piece, body: Buffer.alloc(size) });
      expect([sent.status, sent.headers['upload-offset']]).toEqual([204, String((offset += size))]);
    }
    expect((await visitor.ask(at, { method: 'DELETE', headers })).status).toBe(204);
  });

  test('the platform knows who is there by the proxy’s word, and not by the client’s own', async () => {
    const account = { username: 'ada', password: PASSWORD };
    const { accessToken } = await visitor.post('/api/auth/login', account, {
      'x-forwarded-for': CLAIMED,
      'x-real-ip': CLAIMED,
    });
    const { text } = await visitor.ask('/api/auth/sessions', {
      headers: { authorization: `Bearer ${String(accessToken)}` },
    });
    const sessions = JSON.parse(text) as { current: boolean; address: string }[];
    expect(sessions.find(({ current }) => current)?.address).toBe(address);
    expect(text).not.toContain(CLAIMED);
  });

  test('RTMP over TLS reaches the media server, where the proxy offers it', async () => {
    if (proxy.rtmpsPort === undefined) return expect(name).toBe('Caddy');
    const socket = connect({ port: proxy.rtmpsPort, host: '127.0.0.1', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    // C0 and C1 of RTMP's handshake; S0 says the version.
    socket.write(Buffer.concat([Buffer.from([3]), Buffer.alloc(1536)]));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer[0]).toBe(3);
    socket.destroy();
  });
});
