import { MessagePort, type Transferable } from 'node:worker_threads';
import type {
  Denial,
  MediaClient,
  MediaEvent,
  MediaHooks,
  MediaProtocol,
  PlayGrant,
  PlayVerdict,
  PublicMediaClient,
  PublishVerdict,
} from '../hooks/contract.ts';
import { HLS_MEMBER } from '../hls/messages.ts';
import type { MediaLog } from '../hub/session-host.ts';
import type { StreamKey } from '../hub/stream.ts';
import { streamKeyOf } from '../hub/stream-name.ts';
import type { EndReason } from '../hub/subscriber.ts';
import type { MediaOptions } from '../options.ts';
import {
  type DirectoryClient,
  type DirectoryEntry,
  estimateLastDtsMs,
  isSilent,
  names,
  newEntry,
  sentSince,
  viewersOf,
} from './directory-entry.ts';
import type {
  ConnectReply,
  HopEnd,
  MainNotice,
  PlayReply,
  ProbeReply,
  PublishReply,
  StreamReport,
} from './messages.ts';

/** What browsers publish by, perhaps to another node: their audio is Opus. */
const BROWSER_PROTOCOLS: ReadonlySet<MediaProtocol> = new Set(['webrtc', 'ws-flv', 'node']);
/** What was fetched from elsewhere gives way to whoever publishes here. */
const FETCHED: ReadonlySet<MediaProtocol> = new Set(['relay', 'node']);
/** A mirror without viewers is kept this long: the next viewer of a busy stream is never far. */
export const MIRROR_LINGER_MS = 10_000;

export interface AskingWorker {
  workerId: number;
  /** False once the thread that asked has died, even when another has its number. */
  alive(): boolean;
}

/** Members (threads, and the RTC process) as the directory needs them. Implemented by cluster/post.ts. */
export interface WorkerPost {
  send(workerId: number, notice: MainNotice, transfer?: Transferable[]): void;
  /** A line for media between two members, an end for each. */
  hop(from: number, to: number): { from: HopEnd; to: HopEnd };
  /** Who owns a stream that starts at this member: itself, if it can own streams. */
  ownerFor(workerId: number): number;
}

/**
 * Who publishes what, and where: the only arbiter. Every decision between two requests is taken in one synchronous step
 * here, after the hooks have answered; workers carry out what it says.
 */
export class Directory {
  #options: MediaOptions;
  #hooks: MediaHooks;
  #log: MediaLog;
  #post: WorkerPost;
  #entries = new Map<StreamKey, DirectoryEntry>();
  #clients = new Map<string, DirectoryClient>();
  #lastEpoch = 0;
  #closed = false;

  constructor(deps: { options: MediaOptions; hooks: MediaHooks; log: MediaLog; post: WorkerPost }) {
    this.#options = deps.options;
    this.#hooks = deps.hooks;
    this.#log = deps.log;
    this.#post = deps.post;
  }

  entries(): IterableIterator<DirectoryEntry> {
    return this.#entries.values();
  }

  entry(key: StreamKey): DirectoryEntry | undefined {
    return this.#entries.get(key);
  }

  clients(): IterableIterator<[string, DirectoryClient]> {
    return this.#clients.entries();
  }

  async publish(
    { workerId, alive }: AskingWorker,
    client: MediaClient,
  ): Promise<{ reply: PublishReply; transfer?: Transferable[] }> {
    const verdict = await this.authorizePublish(client);
    if (verdict.action === 'deny') return { reply: verdict };
    if (!alive()) return { reply: STOPPING };
    return this.claim(workerId, client, verdict.credential);
  }

  /** Whether the client may publish. It is not the publisher before `claim`. */
  async authorizePublish(client: MediaClient): Promise<PublishVerdict> {
    const verdict = await this.#ask(() => this.#hooks.authorizePublish(client));
    if (verdict.action === 'deny') return verdict;
    return this.#refusePublish(client, verdict.credential) ?? verdict;
  }

  /** Makes an authorized client the publisher, if the place is still free. */
  claim(workerId: number, client: MediaClient, credential: string): { reply: PublishReply; transfer?: Transferable[] } {
    const refusal = this.#refusePublish(client, credential);
    if (refusal) return { reply: refusal };
    this.#replaceSilent(client);
    return this.#enthrone(workerId, client, credential);
  }

  async play(asker: AskingWorker, client: MediaClient): Promise<PlayReply> {
    const verdict = await this.authorizePlay(client);
    return verdict.action === 'deny' ? verdict : this.enter(asker, client, verdict);
  }

  authorizePlay(client: MediaClient): Promise<PlayVerdict> {
    return this.#ask(() => this.#hooks.authorizePlay(client));
  }

  /** Makes an authorized client a viewer. */
  enter(
    { workerId, alive }: AskingWorker,
    client: MediaClient,
    { viewer: person, passesOn = false }: Pick<PlayGrant, 'viewer' | 'passesOn'>,
  ): PlayReply {
    if (this.#closed || !alive()) return STOPPING;
    const key = streamKeyOf(client);
    const entry = this.#open(client);
    if (viewersOf(entry) >= this.#options.limits.viewersPerStream) {
      return deny(503, 'too_many_viewers', 'This stream has as many viewers as it may have.');
    }
    const viewer = person ?? client.clientId;
    entry.viewers.set(workerId, (entry.viewers.get(workerId) ?? 0) + 1);
    clearTimeout(entry.lingers.get(workerId));
    entry.lingers.delete(workerId);
    this.#clients.set(client.clientId, {
      client: publicClient(client),
      workerId,
      key,
      kind: 'play',
      viewer,
      passesOn,
      sinceMs: Date.now(),
    });
    if (passesOn) entry.nodes.add(client.clientId);
    else this.#notify({ type: 'playing', ...names(entry), client: publicClient(client), viewer, atMs: Date.now() });
    this.#ensureMirror(entry, workerId);
    return { action: 'play', key };
  }

  async connect(client: MediaClient): Promise<ConnectReply> {
    const denial = await this.#ask(async () => this.#hooks.authorizeConnect?.(client));
    return denial ?? { action: 'connect' };
  }

  /** What a play would be answered, without being one: HEAD. */
  async probe(client: MediaClient): Promise<ProbeReply> {
    const verdict = await this.authorizePlay(client);
    if (verdict.action === 'deny') return verdict;
    return { action: 'probe', publishing: this.#entries.get(streamKeyOf(client))?.state === 'publishing' };
  }

  /** A publisher's own worker says it is gone. Anything but the current publisher is old news. */
  unpublished(notice: {
    key: StreamKey;
    epoch: number;
    clientId: string;
    reason: EndReason;
    lastDtsMs?: number;
  }): void {
    this.#clients.delete(notice.clientId);
    const entry = this.#entries.get(notice.key);
    if (entry?.publisher && entry.epoch === notice.epoch) this.#interrupt(entry, notice.reason);
  }

  stopped(clientId: string, reason: string): void {
    const known = this.#clients.get(clientId);
    if (!known) return;
    this.#clients.delete(clientId);
    const { client, viewer, key, passesOn, workerId } = known;
    const { app, stream } = client;
    if (!passesOn) this.#notify({ type: 'stopped', app, stream, client, viewer, reason, atMs: Date.now() });
    const entry = this.#entries.get(key);
    entry?.nodes.delete(clientId);
    if (entry) this.#viewerLeft(entry, workerId);
  }

  report(workerId: number, atMs: number, streams: readonly StreamReport[]): void {
    for (const report of streams) {
      const entry = this.#entries.get(report.key);
      if (!entry) continue;
      entry.sent.set(workerId, sentSince(entry.sent.get(workerId), { bytes: report.sentBytes, atMs }));
      entry.notices.set(workerId, report.notices);
      if (entry.owner === workerId) entry.report = { ...report, atMs };
    }
  }

  /** How far a publisher is; one that is not the stream's any more says nothing. */
  roundTrip(key: StreamKey, { clientId, rttMs }: { clientId: string; rttMs: number }): void {
    const publisher = this.#entries.get(key)?.publisher;
    if (publisher?.client.clientId === clientId) publisher.rttMs = rttMs;
  }

  /** Ends a stream at once, whatever its state. False when there is none. */
  end(key: StreamKey, reason: EndReason): boolean {
    const entry = this.#entries.get(key);
    if (!entry) return false;
    const wasBroadcast = entry.state !== 'idle';
    if (entry.publisher) this.#kickPublisher(entry, reason);
    const workers = new Set([
      ...entry.viewers.keys(),
      ...entry.mirrors,
      ...(entry.owner === undefined ? [] : [entry.owner]),
    ]);
    for (const workerId of workers) this.#post.send(workerId, { type: 'end', key, reason });
    this.#forget(entry);
    if (wasBroadcast) this.#notify({ type: 'ended', ...names(entry), reason, atMs: Date.now() });
    return true;
  }

  kick(clientId: string, reason: EndReason): boolean {
    const known = this.#clients.get(clientId);
    if (known) this.#post.send(known.workerId, { type: 'kick', clientId, reason });
    return known !== undefined;
  }

  kickPublisher(key: StreamKey, reason: EndReason): boolean {
    const entry = this.#entries.get(key);
    if (!entry?.publisher) return false;
    this.#kickPublisher(entry, reason);
    this.#interrupt(entry, reason);
    return true;
  }

  /**
   * Whether one with this credential may publish on another node: nobody does here, or a silent one with the same
   * credential, which goes.
   */
  yieldTo(key: StreamKey, credential: string): boolean {
    const entry = this.#entries.get(key);
    if (entry?.publisher === undefined) return true;
    if (entry.publisher.credential !== credential || !isSilent(entry)) return false;
    return this.kickPublisher(key, 'replaced');
  }

  /** A worker thread died: its clients are gone, its streams wait for their publishers, its mirrors are void. */
  workerLost(workerId: number): void {
    for (const [clientId, known] of [...this.#clients]) {
      if (known.workerId !== workerId) continue;
      if (known.kind === 'play') this.stopped(clientId, 'engine_failure');
      else this.#clients.delete(clientId);
    }
    for (const entry of [...this.#entries.values()]) {
      entry.mirrors.delete(workerId);
      entry.viewers.delete(workerId);
      entry.sent.delete(workerId);
      entry.notices.delete(workerId);
      const lostOwner = entry.owner === workerId;
      if (lostOwner) {
        entry.owner = undefined;
        entry.mirrors.clear();
        entry.resumeAfterMs = estimateLastDtsMs(entry);
        if (entry.publisher && entry.publisher.workerId !== workerId) this.#kickPublisher(entry, 'engine_failure');
      }
      if (entry.publisher && (lostOwner || entry.publisher.workerId === workerId))
        this.#interrupt(entry, 'engine_failure');
    }
  }

  /** No more streams or viewers; timers end. Workers say goodbye to their own clients. */
  close(): void {
    this.#closed = true;
    for (const entry of [...this.#entries.values()]) this.#forget(entry);
  }

  #refusePublish(client: MediaClient, credential: string): Denial | undefined {
    if (this.#closed) return STOPPING;
    const entry = this.#entries.get(streamKeyOf(client));
    if (!entry || entry.state === 'idle') {
      const active = [...this.#entries.values()].filter(({ state }) => state !== 'idle').length;
      if (active >= this.#options.limits.streams)
        return deny(503, 'too_many_streams', 'This server carries as many streams as it may.');
      return undefined;
    }
    if (!entry.publisher) return undefined;
    if (FETCHED.has(entry.publisher.client.protocol) && !FETCHED.has(client.protocol)) return undefined;
    if (entry.publisher.credential !== credential || !isSilent(entry)) {
      return deny(409, 'already_publishing', 'Somebody is publishing this stream already.');
    }
    return undefined;
  }

  #replaceSilent(client: MediaClient): void {
    const entry = this.#entries.get(streamKeyOf(client));
    if (!entry?.publisher) return;
    this.#log.info({ stream: entry.key }, 'a publisher that fell silent, or was fetched from elsewhere, is replaced');
    this.#kickPublisher(entry, 'replaced');
    entry.publisher = undefined;
  }

  #enthrone(
    workerId: number,
    client: MediaClient,
    credential: string,
  ): { reply: PublishReply; transfer?: Transferable[] } {
    const entry = this.#open(client);
    const resumed = entry.state !== 'idle';
    clearTimeout(entry.grace);
    entry.state = 'publishing';
    entry.epoch = ++this.#lastEpoch;
    if (!resumed) entry.startedAtMs = Date.now();
    entry.publisher = { client: publicClient(client), workerId, credential, sinceMs: Date.now() };
    this.#clients.set(client.clientId, {
      client: publicClient(client),
      workerId,
      key: entry.key,
      kind: 'publish',
      viewer: '',
      passesOn: false,
      sinceMs: Date.now(),
    });
    const takesOver = entry.owner === undefined && resumed;
    const owner = (entry.owner ??= this.#post.ownerFor(workerId));
    if (takesOver) this.#log.info({ stream: entry.key, workerId: owner }, 'another worker owns the stream now');
    const bridged = BROWSER_PROTOCOLS.has(client.protocol);
    const reply: PublishReply = { action: 'publish', key: entry.key, epoch: entry.epoch, bridged };
    const transfer: MessagePort[] = [];
    const resumeAfterMs = takesOver ? entry.resumeAfterMs : undefined;
    if (owner !== workerId) {
      const { from, to } = this.#post.hop(workerId, owner);
      this.#post.send(owner, { type: 'ingest-in', key: entry.key, port: to, bridged, resumeAfterMs }, portsIn(to));
      reply.port = from;
      transfer.push(...portsIn(from));
    } else {
      reply.resumeAfterMs = resumeAfterMs;
    }
    for (const viewerWorker of entry.viewers.keys()) this.#ensureMirror(entry, viewerWorker);
    this.#notify({ type: 'published', ...names(entry), client: publicClient(client), resumed, atMs: Date.now() });
    return { reply, transfer };
  }

  #interrupt(entry: DirectoryEntry, reason: string): void {
    const { publisher } = entry;
    if (!publisher) return;
    entry.publisher = undefined;
    entry.state = 'interrupted';
    this.#clients.delete(publisher.client.clientId);
    clearTimeout(entry.grace);
    entry.grace = setTimeout(() => this.end(entry.key, 'ended'), this.#options.graceMs);
    for (const clientId of entry.nodes) this.kick(clientId, 'not_published');
    this.#notify({ type: 'interrupted', ...names(entry), client: publisher.client, reason, atMs: Date.now() });
  }

  #kickPublisher(entry: DirectoryEntry, reason: EndReason): void {
    const { publisher } = entry;
    if (publisher) this.#post.send(publisher.workerId, { type: 'kick', clientId: publisher.client.clientId, reason });
  }

  #ensureMirror(entry: DirectoryEntry, workerId: number): void {
    const { owner, key } = entry;
    if (workerId === HLS_MEMBER) return; // packaged by the owner, whoever watches
    if (owner === undefined || owner === workerId || entry.mirrors.has(workerId) || entry.state === 'idle') return;
    entry.mirrors.add(workerId);
    const { from, to } = this.#post.hop(owner, workerId);
    this.#post.send(owner, { type: 'mirror-out', key, port: from }, portsIn(from));
    this.#post.send(workerId, { type: 'mirror-in', key, port: to }, portsIn(to));
  }

  #viewerLeft(entry: DirectoryEntry, workerId: number): void {
    const left = (entry.viewers.get(workerId) ?? 0) - 1;
    if (left > 0) {
      entry.viewers.set(workerId, left);
      return;
    }
    entry.viewers.delete(workerId);
    if (entry.mirrors.has(workerId)) {
      const linger = setTimeout(() => this.#dropMirror(entry, workerId), MIRROR_LINGER_MS).unref();
      clearTimeout(entry.lingers.get(workerId));
      entry.lingers.set(workerId, linger);
    }
    if (entry.state === 'idle' && entry.viewers.size === 0) this.#entries.delete(entry.key);
  }

  #dropMirror(entry: DirectoryEntry, workerId: number): void {
    entry.lingers.delete(workerId);
    if (entry.mirrors.delete(workerId)) this.#post.send(workerId, { type: 'mirror-drop', key: entry.key });
  }

  #open({ app, stream }: { app: string; stream: string }): DirectoryEntry {
    const key = streamKeyOf({ app, stream });
    let entry = this.#entries.get(key);
    if (!entry) {
      entry = newEntry(key, { app, stream });
      this.#entries.set(key, entry);
    }
    return entry;
  }

  #forget(entry: DirectoryEntry): void {
    clearTimeout(entry.grace);
    for (const linger of entry.lingers.values()) clearTimeout(linger);
    this.#entries.delete(entry.key);
  }

  /** A hook that fails, in whatever way, refuses. */
  async #ask<Verdict>(hook: () => Promise<Verdict>): Promise<Verdict | Denial> {
    try {
      return await hook();
    } catch (error) {
      this.#log.error({ err: error instanceof Error ? error.message : String(error) }, 'the authorizing hook failed');
      return deny(503, 'hook_unavailable', 'The right to this stream could not be checked. Try again.');
    }
  }

  #notify(event: MediaEvent): void {
    try {
      this.#hooks.notify(event);
    } catch (error) {
      this.#log.error({ event: event.type, err: String(error) }, 'a listener of media events failed');
    }
  }
}

const STOPPING = deny(503, 'server_stopping', 'This server is stopping.');

function deny(status: Denial['status'], code: string, message: string): Denial {
  return { action: 'deny', status, code, message };
}

/** What `postMessage` has to move rather than copy. */
function portsIn(end: HopEnd): MessagePort[] {
  return end instanceof MessagePort ? [end] : [];
}

function publicClient({ param: _secret, ...client }: MediaClient): PublicMediaClient {
  return client;
}
