// Two Chromium pages that see each other's camera, set up through /signaling and nothing else.
import { expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.ts';
import { startPlatform, type Platform } from '../support/platform.ts';
import { until } from '../support/until.ts';

const CAMERA_FLAGS = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
const FRAMES = 30;

interface Person {
  accessToken: string;
  id: string;
}

test('a peer-to-peer room carries video between two pages, both ways', async () => {
  await using platform = await startPlatform();
  const owner = await register(platform, 'owner');
  const guest = await register(platform, 'guest', owner.accessToken);
  const room = await createPeerRoom(platform, owner, guest);
  const browser = await launchChromium(CAMERA_FLAGS);
  try {
    const pages = await Promise.all([owner, guest].map(async () => browser.newPage()));
    const [first, second] = pages;
    if (!first || !second) throw new Error('no pages');
    await Promise.all(pages.map(async (page) => page.goto(`${platform.url}/healthz`)));
    await call(first, { token: owner.accessToken, roomId: room });
    await until(async () => (await state(first)).joined, { what: 'the owner having joined' });
    await call(second, { token: guest.accessToken, roomId: room });
    for (const page of pages) {
      await until(async () => (await state(page)).frames >= FRAMES, {
        timeoutMs: 30_000,
        what: `${FRAMES} frames of the other page`,
      });
    }
    const seen = await state(first);
    expect(seen.from).toEqual([guest.id]);
    expect(seen.width).toBeGreaterThan(0);
    expect((await state(second)).from).toEqual([owner.id]);
    expect(seen.errors).toEqual([]);

    await second.close();
    await until(async () => (await state(first)).left.includes(guest.id), { timeoutMs: 45_000, what: 'peer-left' });
  } finally {
    await browser.close();
  }
});

interface CallState {
  joined: boolean;
  frames: number;
  width: number;
  from: string[];
  left: string[];
  errors: string[];
}

async function state(page: Page): Promise<CallState> {
  return page.evaluate(() => (window as unknown as { callState: () => Promise<CallState> }).callState());
}

/** What an integrator's page does with the platform's signaling, in plain browser code: the newcomer offers. */
async function call(page: Page, { token, roomId }: { token: string; roomId: string }): Promise<void> {
  await page.evaluate(
    async ({ token: jwt, room }) => {
      const seen = { joined: false, from: [] as string[], left: [] as string[], errors: [] as string[] };
      const camera = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } });
      const peers = new Map<string, RTCPeerConnection>();
      const video = document.createElement('video');
      video.muted = true;
      document.body.append(video);
      const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/signaling?token=${jwt}`);
      const say = (message: object): void => socket.send(JSON.stringify({ roomId: room, ...message }));
      const peer = (id: string): RTCPeerConnection => {
        const known = peers.get(id);
        if (known) return known;
        const connection = new RTCPeerConnection();
        peers.set(id, connection);
        for (const track of camera.getTracks()) connection.addTrack(track, camera);
        connection.onicecandidate = ({ candidate }) => {
          if (candidate) say({ type: 'candidate', to: id, payload: candidate.toJSON() });
        };
        connection.ontrack = ({ streams }) => {
          video.srcObject = streams[0] ?? null;
          void video.play();
        };
        return connection;
      };
      socket.onopen = () => say({ type: 'join' });
      socket.onmessage = async ({ data }) => {
        const message = JSON.parse(String(data));
        if (message.type === 'error') seen.errors.push(`${message.code}: ${message.error}`);
        if (message.type === 'peer-left') seen.left.push(message.peer?.id ?? message.from ?? message.userId);
        if (message.type === 'joined') {
          seen.joined = true;
          for (const other of message.peers) {
            const id = other.id ?? other.userId ?? other;
            const connection = peer(id);
            await connection.setLocalDescription();
            say({ type: 'offer', to: id, payload: connection.localDescription?.toJSON() });
          }
        }
        if (message.type === 'offer' || message.type === 'answer') {
          if (!seen.from.includes(message.from)) seen.from.push(message.from);
          const connection = peer(message.from);
          await connection.setRemoteDescription(message.payload);
          if (message.type === 'offer') {
            await connection.setLocalDescription();
            say({ type: 'answer', to: message.from, payload: connection.localDescription?.toJSON() });
          }
        }
        if (message.type === 'candidate') await peer(message.from).addIceCandidate(message.payload);
      };
      Object.assign(window, {
        callState: async () => ({
          ...seen,
          frames: video.getVideoPlaybackQuality().totalVideoFrames,
          width: video.videoWidth,
        }),
      });
    },
    { token, room: roomId },
  );
}

async function register(platform: Platform, username: string, by?: string): Promise<Person> {
  const { accessToken, user } = await post<{ accessToken: string; user: { id: string } }>(
    platform,
    '/api/auth/register',
    { username, password: 'correct horse battery' },
    by,
  );
  return { accessToken, id: user.id };
}

async function createPeerRoom(platform: Platform, owner: Person, guest: Person): Promise<string> {
  const room = await post<{ id: string }>(
    platform,
    '/api/rooms',
    { title: '连线', mode: 'p2p', isPrivate: true },
    owner.accessToken,
  );
  await post(platform, `/api/rooms/${room.id}/invites`, { userId: guest.id }, owner.accessToken);
  return room.id;
}

async function post<Body>(platform: Platform, path: string, body: object, token?: string): Promise<Body> {
  const response = await fetch(platform.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Body;
}
