import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Platform, TestRoom } from '../support/platform.ts';
import { RtcPeers } from '../support/rtc-client.ts';
import { until } from '../support/until.ts';
import type { FromCrowd, SoakRoom, ToCrowd, ToPublishers, ViewerKind } from './messages.ts';

const PUBLISHERS = fileURLToPath(new URL('./publishers.ts', import.meta.url));
const CROWD = fileURLToPath(new URL('./crowd.ts', import.meta.url));
const STAY_MS = { least: 5000, most: 40_000 };
const NOBODY: Record<ViewerKind, number> = { flv: 0, wsFlv: 0, rtmp: 0, hls: 0, realtime: 0 };
const PASSWORD = 'correct horse battery';
const TALKERS = 4;
/** How long it may take on a busy machine until everybody is there. */
const FULL_MS = 180_000;

interface Counted {
  /** People who got something, second by second. */
  watched: number[];
  arrivals: number;
  /** Why viewers ended who did not want to. */
  ends: Record<string, number>;
  said: number;
  packets: number;
}

/** A platform full of people: rooms that are published, viewers of all kinds, and talk. */
export class House implements AsyncDisposable {
  readonly counted: Counted = { watched: [], arrivals: 0, ends: {}, said: 0, packets: 0 };
  readonly #platform: Platform;
  readonly #film: string;
  #publishers: ChildProcess | undefined;
  #crowd: ChildProcess | undefined;
  #peers: RtcPeers | undefined;
  #rooms: { soak: SoakRoom; room: TestRoom }[] = [];
  #viewers = NOBODY;
  #tokens: string[] = [];
  #watching = 0;

  constructor(platform: Platform, film: string) {
    this.#platform = platform;
    this.#film = film;
  }

  async open(rooms: number, viewers: Record<ViewerKind, number>): Promise<void> {
    while (this.#tokens.length < TALKERS)
      this.#tokens.push(await this.#enter('register', `talker${this.#tokens.length}`));
    this.#publishers = fork(PUBLISHERS, [this.#film], { execArgv: [] });
    this.#crowd = fork(CROWD, {
      execArgv: [],
      env: { ...process.env, SOAK_PAGE_PORT: new URL(this.#platform.url).port },
    });
    this.#crowd.on('message', (news: FromCrowd) => this.#hear(news));
    this.#viewers = viewers;
    for (let at = 0; at < rooms; at++) await this.#addRoom();
    this.#tell();
    for (const { room } of this.#rooms)
      await until(async () => (await this.#platform.room(room.id)).status === 'live', {
        timeoutMs: 60_000,
        what: 'a room being live',
      });
  }

  /** As many as that get something. */
  async isFull(people: number): Promise<void> {
    await until(() => this.#watching >= people, { timeoutMs: FULL_MS }).catch(() => {
      const { ends } = this.counted;
      throw new Error(`${this.#watching} people watch, not ${people}; ends: ${JSON.stringify(ends)}`);
    });
  }

  /** Forgets what was counted. */
  recount(): void {
    Object.assign(this.counted, { watched: [], arrivals: 0, ends: {}, said: 0, packets: 0 });
  }

  /** One room is over, and another one begins. */
  async renewRoom(at: number): Promise<void> {
    const [old] = this.#rooms.splice(at % this.#rooms.length, 1);
    await this.#addRoom();
    // The crowd is told first: whose room is over ends rightly.
    this.#tell();
    if (old !== undefined) await this.#platform.close(old.room);
  }

  /** A publisher loses its connection, and is back soon. */
  drop(at: number): void {
    const roomId = this.#rooms[at % this.#rooms.length]?.soak.id;
    if (roomId !== undefined) this.#publishers?.send({ type: 'drop', roomId } satisfies ToPublishers);
  }

  async say(at: number): Promise<void> {
    const roomId = this.#rooms[at % this.#rooms.length]?.soak.id;
    const talker = at % this.#tokens.length;
    const post = async (): Promise<number> => {
      const answer = await fetch(`${this.#platform.url}/api/rooms/${roomId}/chat`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${this.#tokens[talker]}` },
        body: JSON.stringify({ text: `线上的第 ${at} 句` }),
      });
      await answer.body?.cancel();
      return answer.status;
    };
    let status = await post();
    if (status === 401) {
      // An access token is good for a quarter of an hour.
      this.#tokens[talker] = await this.#enter('login', `talker${talker}`);
      status = await post();
    }
    if (status < 300) this.counted.said++;
    else this.counted.ends[`chat ${status}`] = (this.counted.ends[`chat ${status}`] ?? 0) + 1;
  }

  /** Somebody watches by WebRTC until they have had so many packets. */
  async watchByWhep(at: number, packets = 100): Promise<void> {
    this.#peers ??= await RtcPeers.start();
    const { room } = this.#rooms[at % this.#rooms.length] ?? {};
    if (room?.playUrls.whep === undefined) throw new Error('there is no room to watch by WebRTC');
    const { whep } = room.playUrls;
    const peers = this.#peers;
    // The process of WebRTC may still be starting.
    const peer = await until(() => peers.play(whep), { timeoutMs: 60_000, intervalMs: 1000, what: 'a WebRTC session' });
    let got = 0;
    peer.onPacket = () => got++;
    await until(() => got >= packets, { timeoutMs: 60_000, what: `${packets} packets by WebRTC, not ${got}` });
    await peer.end();
    this.counted.packets += got;
  }

  /** Everybody goes, and every room is closed. */
  async leave(): Promise<void> {
    const rooms = this.#rooms.splice(0);
    for (const child of [this.#crowd, this.#publishers]) if (child !== undefined) await ended(child);
    this.#crowd = this.#publishers = undefined;
    await this.#peers?.[Symbol.asyncDispose]();
    this.#peers = undefined;
    for (const { room } of rooms) await this.#platform.close(room);
    this.#watching = 0;
    this.recount();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [this.#crowd, this.#publishers]) if (child !== undefined) await ended(child);
    await this.#peers?.[Symbol.asyncDispose]();
  }

  async #addRoom(): Promise<void> {
    const room = await this.#platform.createRoom('soak');
    const { rtmp, flv, wsFlv, hls = '' } = room.playUrls;
    const soak = { id: room.id, publishUrl: room.publishUrls.rtmp, playUrls: { rtmp, flv, wsFlv, hls } };
    this.#rooms.push({ soak, room });
  }

  #tell(): void {
    const rooms = this.#rooms.map(({ soak }) => soak);
    this.#publishers?.send({ type: 'publish', rooms } satisfies ToPublishers);
    this.#crowd?.send({ type: 'watch', rooms, viewers: this.#viewers, stayMs: STAY_MS } satisfies ToCrowd);
  }

  #hear({ watching, arrivals, ends }: FromCrowd): void {
    this.#watching = Object.values(watching).reduce((all, count) => all + count, 0);
    this.counted.watched.push(this.#watching);
    this.counted.arrivals += arrivals;
    for (const [reason, count] of Object.entries(ends))
      this.counted.ends[reason] = (this.counted.ends[reason] ?? 0) + count;
  }

  async #enter(by: 'register' | 'login', username: string): Promise<string> {
    const answer = await fetch(`${this.#platform.url}/api/auth/${by}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, password: PASSWORD }),
    });
    if (!answer.ok) throw new Error(`${by}: ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as { accessToken: string }).accessToken;
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
