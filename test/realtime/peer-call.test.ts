// The SDK's PeerCall between real Chromium pages, through the smallest relay that speaks /signaling.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { launchChromium } from '../support/chromium.ts';
import { until } from '../support/until.ts';

const SDK = join(import.meta.dirname, '../../packages/client/src');
const CAMERA_FLAGS = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
const FRAMES = 10;

let browser: Browser;
let relay: Relay;

beforeAll(async () => {
  relay = await startRelay();
  browser = await launchChromium(CAMERA_FLAGS);
});

afterAll(async () => {
  await browser?.close();
  relay?.close();
});

interface Relay {
  url: string;
  /** Drops a peer's connection as a network does; its place is kept. */
  cut(id: string): void;
  /** How often it joined. */
  joins(id: string): number;
  close(): void;
}

/** Serves the SDK's own source as a browser takes it, and relays between those who joined. */
async function startRelay(): Promise<Relay> {
  const places = new Map<string, WebSocket>();
  const joins: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    if (!path.startsWith('/sdk/')) return void response.setHeader('content-type', 'text/html').end('<!doctype html>');
    const source = readFileSync(join(SDK, path.slice('/sdk/'.length)), 'utf8');
    response.setHeader('content-type', 'text/javascript').end(stripTypeScriptTypes(source));
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, request) => {
    const id = new URL(request.url ?? '', 'http://here').searchParams.get('token') ?? '';
    const tell = (to: WebSocket | undefined, message: object): void =>
      to?.send(JSON.stringify({ roomId: 'r', ...message }));
    const tellOthers = (message: object): void => places.forEach((other, name) => name !== id && tell(other, message));
    socket.on('message', (text) => {
      const { type, to, payload, session } = JSON.parse(String(text)) as Record<string, string | undefined>;
      if (type === 'join') {
        const isBack = session === `secret-${id}` && places.has(id);
        places.set(id, socket);
        joins.push(id);
        const peers = [...places.keys()].filter((name) => name !== id).map((name) => ({ id: name }));
        tell(socket, { type: 'joined', self: id, session: `secret-${id}`, peers, viewerCount: places.size });
        if (!isBack) tellOthers({ type: 'peer-joined', peer: { id } });
      } else if (type === 'leave') {
        places.delete(id);
        tellOthers({ type: 'peer-left', peer: { id } });
      } else if (to !== undefined) tell(places.get(to), { type, from: id, payload });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    joins: (id) => joins.filter((name) => name === id).length,
    cut: (id) => places.get(id)?.terminate(),
    close: () => {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      server.close();
    },
  };
}

interface CallState {
  /** Pictures seen of each peer. */
  frames: Record<string, number>;
  left: string[];
  errors: string[];
  status: string;
  /** Packets of sound, which only a track that was added while the call runs brings. */
  sound: Record<string, number>;
}

/** Joins from a page of its own, with a camera, and keeps what happens in `window.callState`. */
async function call(id: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(relay.url);
  await page.evaluate(
    `(async () => {
      const { PeerCall, SignalingClient } = await import('/sdk/index.ts');
      const url = location.origin.replace('http', 'ws') + '/signaling';
      const signaling = new SignalingClient({ url, roomId: 'r', token: ${JSON.stringify(id)}, backoff: { minMs: 50, maxMs: 100 } });
      const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 160, height: 120 } });
      const [videos, left, errors] = [new Map(), [], []];
      const call = new PeerCall({
        signaling,
        stream,
        onStream: (peer, remote) => {
          const video = videos.get(peer.id) ?? document.createElement('video');
          videos.set(peer.id, video);
          video.muted = true;
          // A stream that gained a track is the same stream.
          if (video.srcObject === remote) return;
          video.srcObject = remote;
          document.body.append(video);
          video.play().catch(() => {});
        },
        onPeerLeft: (peer) => left.push(peer.id),
        onError: (peer, error) => errors.push(peer.id + ': ' + error),
      });
      window.addTrack = async () => {
        const more = await navigator.mediaDevices.getUserMedia({ audio: true });
        call.addTrack(more.getAudioTracks()[0], stream);
      };
      window.hangUp = () => { call.close(); signaling.leave(); };
      // Of what WebRTC decoded: a video element in a headless browser stops where a track of sound joins in.
      const received = async (name, kind, field) => {
        const reports = [...(await call.connection(name)?.getStats() ?? new Map()).values()];
        return reports.find((report) => report.type === 'inbound-rtp' && report.kind === kind)?.[field] ?? 0;
      };
      const ofEach = async (kind, field) =>
        Object.fromEntries(await Promise.all([...videos.keys()].map(async (name) => [name, await received(name, kind, field)])));
      window.callState = async () => ({
        frames: await ofEach('video', 'framesDecoded'),
        sound: await ofEach('audio', 'packetsReceived'),
        left, errors, status: signaling.status,
      });
    })()`,
  );
  return page;
}

const state = (page: Page): Promise<CallState> => page.evaluate<CallState>('window.callState()');

async function sees(page: Page, id: string, frames: number): Promise<void> {
  const what = `${frames} pictures of ${id}`;
  await until(async () => ((await state(page)).frames[id] ?? 0) >= frames, { timeoutMs: 60_000, what });
}

test('three pages see each other, both sides may change the call at once, and a drop is not noticed', async () => {
  const ann = await call('ann');
  const bob = await call('bob');
  const cid = await call('cid');
  for (const [page, others] of [
    [ann, ['bob', 'cid']],
    [bob, ['ann', 'cid']],
    [cid, ['ann', 'bob']],
  ] as const) {
    for (const other of others) await sees(page, other, FRAMES);
  }

  // Two offers that meet: the polite side gives way, and both changes arrive.
  await Promise.all([ann, bob].map((page) => page.evaluate('window.addTrack()')));
  for (const [page, other] of [
    [ann, 'bob'],
    [bob, 'ann'],
  ] as const) {
    await until(async () => ((await state(page)).sound[other] ?? 0) >= FRAMES, { what: `hearing ${other}` });
  }

  relay.cut('bob');
  await until(() => relay.joins('bob') === 2, { what: 'bob joining again' });
  await until(async () => (await state(bob)).status === 'joined', { what: 'bob being back' });
  await sees(ann, 'bob', ((await state(ann)).frames['bob'] ?? 0) + FRAMES);
  expect((await state(ann)).left).toEqual([]);

  await bob.evaluate('window.hangUp()');
  await until(async () => (await state(ann)).left.includes('bob') && (await state(cid)).left.includes('bob'), {
    what: 'the others hearing that bob left',
  });
  for (const page of [ann, cid]) expect((await state(page)).errors).toEqual([]);
});
