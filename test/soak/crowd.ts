// A program of its own: light viewers of many kinds, each of whom stays for a while and is followed by another.
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { RtmpScanner } from '../../bench/rtmp-scanner.ts';
import { ViewerStats, Window } from '../../bench/viewer-stats.ts';
import type { FromCrowd, SoakRoom, ToCrowd, ViewerKind } from './messages.ts';

const TELL_EVERY_MS = 1000;
const FRESH_MS = 5000;
const HLS_EVERY_MS = 1000;
const HANDSHAKE_KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const KINDS: readonly ViewerKind[] = ['flv', 'wsFlv', 'rtmp', 'hls', 'realtime'];

interface Seat {
  kind: ViewerKind;
  seenMs: number;
  leave(): void;
}

const seats = new Set<Seat>();
let order: ToCrowd | undefined;
let arrivals = 0;
let ends: Record<string, number> = {};
const readBuffer = Buffer.allocUnsafeSlow(256 * 1024);

const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(Math.random() * list.length)];

/** Resolves when the viewer has gone, by whichever side. */
type Watch = (room: SoakRoom, seat: Seat) => Promise<string | undefined>;

const WATCH: Record<ViewerKind, Watch> = {
  flv: ({ playUrls: { flv } }, seat) =>
    bySocket(flv, seat, ({ pathname, host }) => `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
  wsFlv: ({ playUrls: { wsFlv } }, seat) => bySocket(wsFlv, seat, upgrade),
  rtmp: ({ playUrls: { rtmp } }, seat) => byRtmp(rtmp, seat),
  hls: ({ playUrls: { hls } }, seat) => byHls(hls, seat),
  realtime: ({ id, playUrls }, seat) => byRealtime(playUrls.hls, id, seat),
};

function upgrade({ pathname, host }: URL): string {
  const head = [`GET ${pathname} HTTP/1.1`, `Host: ${host}`, 'Upgrade: websocket', 'Connection: Upgrade'];
  return [...head, `Sec-WebSocket-Key: ${HANDSHAKE_KEY}`, 'Sec-WebSocket-Version: 13', '', ''].join('\r\n');
}

function bySocket(address: string, seat: Seat, hello: (url: URL) => string): Promise<string | undefined> {
  const url = new URL(address);
  return onSocket(Number(url.port), seat, (socket) => {
    socket.write(hello(url));
    let isFirst = true;
    return (length) => {
      if (!isFirst) return undefined;
      isFirst = false;
      const status = readBuffer.toString('latin1', 9, Math.min(12, length));
      return status === '200' || status === '101' ? undefined : `HTTP ${status}`;
    };
  });
}

function byRtmp(address: string, seat: Seat): Promise<string | undefined> {
  const url = new URL(address.replace(/^rtmp/, 'http'));
  const [, app = '', stream = ''] = url.pathname.split('/');
  return onSocket(Number(url.port), seat, (socket) => {
    const target = { app, stream, tcUrl: `rtmp://${url.host}/${app}` };
    const scanner = new RtmpScanner(new ViewerStats(new Window()), target, (bytes) => socket.write(bytes));
    socket.write(RtmpScanner.hello());
    return (length) => {
      try {
        scanner.feed(readBuffer, 0, length, performance.now());
        return undefined;
      } catch (error) {
        return String(error);
      }
    };
  });
}

/** `begin` answers what takes each read, which answers why it is to end. */
function onSocket(
  port: number,
  seat: Seat,
  begin: (socket: net.Socket) => (length: number) => string | undefined,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    let isLeaving = false;
    let reason = 'closed by the server';
    let take: (length: number) => string | undefined = () => undefined;
    const callback = (length: number): boolean => {
      seat.seenMs = performance.now();
      const problem = take(length);
      if (problem === undefined) return true;
      reason = problem;
      socket.destroy();
      return false;
    };
    const socket = net.connect({ host: '127.0.0.1', port, onread: { buffer: readBuffer, callback } });
    seat.leave = () => {
      isLeaving = true;
      socket.destroy();
    };
    socket.on('error', (error) => (reason = error.message));
    socket.on('close', () => resolve(isLeaving ? undefined : reason));
    take = begin(socket);
  });
}

/** The playlist every second, and of it the newest piece. */
async function byHls(address: string, seat: Seat): Promise<string | undefined> {
  let isLeaving = false;
  seat.leave = () => (isLeaving = true);
  try {
    const first = await fetch(address);
    const variant = (await first.text()).split('\n').find((line) => line !== '' && !line.startsWith('#'));
    if (!first.ok || variant === undefined) return `HLS ${first.status}`;
    const playlist = new URL(variant, first.url);
    while (!isLeaving) {
      const answer = await fetch(playlist);
      const text = await answer.text();
      if (!answer.ok) return `HLS ${answer.status}`;
      const newest = text.split('\n').findLast((line) => line !== '' && !line.startsWith('#'));
      if (newest !== undefined) {
        const piece = await fetch(new URL(newest, playlist));
        await piece.arrayBuffer();
        if (piece.ok) seat.seenMs = performance.now();
      }
      await sleep(HLS_EVERY_MS);
    }
    return undefined;
  } catch (error) {
    return isLeaving ? undefined : String(error);
  }
}

/** Somebody on the page: the room, its crowd and its chat, by one socket. */
function byRealtime(near: string, roomId: string, seat: Seat): Promise<string | undefined> {
  return new Promise((resolve) => {
    let isLeaving = false;
    const { hostname } = new URL(near);
    const socket = new WebSocket(`ws://${hostname}:${process.env['SOAK_PAGE_PORT']}/ws`);
    seat.leave = () => {
      isLeaving = true;
      socket.close();
    };
    socket.addEventListener('open', () => {
      for (const channel of [`room:${roomId}`, `live:${roomId}`, `chat:${roomId}`])
        socket.send(JSON.stringify({ type: 'subscribe', channel }));
    });
    socket.addEventListener('message', () => (seat.seenMs = Infinity));
    socket.addEventListener('close', ({ code }) => resolve(isLeaving ? undefined : `realtime ${code}`));
  });
}

async function sit(kind: ViewerKind): Promise<void> {
  const room = pick(order?.rooms ?? []);
  if (room === undefined || order === undefined) return;
  const seat: Seat = { kind, seenMs: -Infinity, leave: () => undefined };
  seats.add(seat);
  arrivals++;
  const { least, most } = order.stayMs;
  const timer = setTimeout(() => seat.leave(), least + Math.random() * (most - least));
  const reason = await WATCH[kind](room, seat);
  clearTimeout(timer);
  seats.delete(seat);
  // Of a room that is over its viewers end.
  const isOver = !order.rooms.some(({ id }) => id === room.id);
  if (reason !== undefined && !isOver) ends[reason] = (ends[reason] ?? 0) + 1;
}

/** Keeps as many of each kind as there are to be, a few more at a time. */
function fill(): void {
  for (const kind of KINDS) {
    const there = [...seats].filter((seat) => seat.kind === kind).length;
    const missing = (order?.viewers[kind] ?? 0) - there;
    for (let at = 0; at < Math.min(missing, 20); at++) void sit(kind);
    if (missing < 0) for (const seat of [...seats].filter((one) => one.kind === kind).slice(0, -missing)) seat.leave();
  }
}

function tell(): void {
  const now = performance.now();
  const watching = Object.fromEntries(
    KINDS.map((kind) => [kind, [...seats].filter((seat) => seat.kind === kind && seat.seenMs > now - FRESH_MS).length]),
  ) as FromCrowd['watching'];
  process.send?.({ watching, arrivals, ends } satisfies FromCrowd);
  arrivals = 0;
  ends = {};
}

setInterval(fill, 200);
setInterval(tell, TELL_EVERY_MS);
process.on('message', (next: ToCrowd) => (order = next));
process.on('disconnect', () => process.exit(0));
