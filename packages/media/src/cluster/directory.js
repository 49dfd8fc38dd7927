import { MessagePort } from 'node:worker_threads';
import { HLS_MEMBER } from '../hls/messages.ts';
import { streamKeyOf } from '../hub/stream-name.ts';
import { estimateLastDtsMs, isSilent, names, newEntry, sentSince, viewersOf } from './directory-entry.ts';
/** What browsers publish by: their audio is Opus. */
const BROWSER_PROTOCOLS = new Set(['webrtc', 'ws-flv']);
/** A mirror without viewers is kept this long: the next viewer of a busy stream is never far. */
export const MIRROR_LINGER_MS = 10_000;
/**
 * Who publishes what, and where: the only arbiter. Every decision between two requests is taken in one synchronous step
 * here, after the hooks have answered; workers carry out what it says.
 */
export class Directory {
  #options;
  #hooks;
  #log;
  #post;
  #entries = new Map();
  #clients = new Map();
  #lastEpoch = 0;
  #closed = false;
  constructor(deps) {
    this.#options = deps.options;
    this.#hooks = deps.hooks;
    this.#log = deps.log;
    this.#post = deps.post;
  }
  entries() {
    return this.#entries.values();
  }
  entry(key) {
    return this.#entries.get(key);
  }
  clients() {
    return this.#clients.entries();
  }
  async publish({ workerId, alive }, client) {
    const verdict = await this.authorizePublish(client);
    if (verdict.action === 'deny') return { reply: verdict };
    if (!alive()) return { reply: STOPPING };
    return this.claim(workerId, client, verdict.credential);
  }
  /** Whether the client may publish. It is not the publisher before `claim`. */
  async authorizePublish(client) {
    const verdict = await this.#ask(() => this.#hooks.authorizePublish(client));
    if (verdict.action === 'deny') return verdict;
    return this.#refusePublish(client, verdict.credential) ?? verdict;
  }
  /** Makes an authorized client the publisher, if the place is still free. */
  claim(workerId, client, credential) {
    const refusal = this.#refusePublish(client, credential);
    if (refusal) return { reply: refusal };
    this.#replaceSilent(client);
    return this.#enthrone(workerId, client, credential);
  }
  async play(asker, client) {
    const verdict = await this.authorizePlay(client);
    return verdict.action === 'deny' ? verdict : this.enter(asker, client, verdict.viewer);
  }
  authorizePlay(client) {
    return this.#ask(() => this.#hooks.authorizePlay(client));
  }
  /** Makes an authorized client a viewer. `person` is who they proved to be. */
  enter({ workerId, alive }, client, person) {
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
      sinceMs: Date.now(),
    });
    this.#notify({ type: 'playing', ...names(entry), client: publicClient(client), viewer, atMs: Date.now() });
    this.#ensureMirror(entry, workerId);
    return { action: 'play', key };
  }
  async connect(client) {
    const denial = await this.#ask(async () => this.#hooks.authorizeConnect?.(client));
    return denial ?? { action: 'connect' };
  }
  /** What a play would be answered, without being one: HEAD. */
  async probe(client) {
    const verdict = await this.authorizePlay(client);
    if (verdict.action === 'deny') return verdict;
    return { action: 'probe', publishing: this.#entries.get(streamKeyOf(client))?.state === 'publishing' };
  }
  /** A publisher's own worker says it is gone. Anything but the current publisher is old news. */
  unpublished(notice) {
    this.#clients.delete(notice.clientId);
    const entry = this.#entries.get(notice.key);
    if (entry?.publisher && entry.epoch === notice.epoch) this.#interrupt(entry, notice.reason);
  }
  stopped(clientId, reason) {
    const known = this.#clients.get(clientId);
    if (!known) return;
    this.#clients.delete(clientId);
    const { app, stream } = known.client;
    this.#notify({
      type: 'stopped',
      app,
      stream,
      client: known.client,
      viewer: known.viewer,
      reason,
      atMs: Date.now(),
    });
    const entry = this.#entries.get(known.key);
    if (entry) this.#viewerLeft(entry, known.workerId);
  }
  report(workerId, atMs, streams) {
    for (const report of streams) {
      const entry = this.#entries.get(report.key);
      if (!entry) continue;
      entry.sent.set(workerId, sentSince(entry.sent.get(workerId), { bytes: report.sentBytes, atMs }));
      entry.notices.set(workerId, report.notices);
      if (entry.owner === workerId) entry.report = { ...report, atMs };
    }
  }
  /** Ends a stream at once, whatever its state. False when there is none. */
  end(key, reason) {
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
  kick(clientId, reason) {
    const known = this.#clients.get(clientId);
    if (known) this.#post.send(known.workerId, { type: 'kick', clientId, reason });
    return known !== undefined;
  }
  kickPublisher(key, reason) {
    const entry = this.#entries.get(key);
    if (!entry?.publisher) return false;
    this.#kickPublisher(entry, reason);
    this.#interrupt(entry, reason);
    return true;
  }
  /** A worker thread died: its clients are gone, its streams wait for their publishers, its mirrors are void. */
  workerLost(workerId) {
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
  close() {
    this.#closed = true;
    for (const entry of [...this.#entries.values()]) this.#forget(entry);
  }
  #refusePublish(client, credential) {
    if (this.#closed) return STOPPING;
    const entry = this.#entries.get(streamKeyOf(client));
    if (!entry || entry.state === 'idle') {
      const active = [...this.#entries.values()].filter(({ state }) => state !== 'idle').length;
      if (active >= this.#options.limits.streams)
        return deny(503, 'too_many_streams', 'This server carries as many streams as it may.');
      return undefined;
    }
    if (!entry.publisher) return undefined;
    // What was fetched from elsewhere gives way to whoever publishes here.
    if (entry.publisher.client.protocol === 'relay' && client.protocol !== 'relay') return undefined;
    if (entry.publisher.credential !== credential || !isSilent(entry)) {
      return deny(409, 'already_publishing', 'Somebody is publishing this stream already.');
    }
    return undefined;
  }
  #replaceSilent(client) {
    const entry = this.#entries.get(streamKeyOf(client));
    if (!entry?.publisher) return;
    this.#log.info({ stream: entry.key }, 'a publisher that fell silent, or was fetched from elsewhere, is replaced');
    this.#kickPublisher(entry, 'replaced');
    entry.publisher = undefined;
  }
  #enthrone(workerId, client, credential) {
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
      sinceMs: Date.now(),
    });
    const takesOver = entry.owner === undefined && resumed;
    const owner = (entry.owner ??= this.#post.ownerFor(workerId));
    if (takesOver) this.#log.info({ stream: entry.key, workerId: owner }, 'another worker owns the stream now');
    const bridged = BROWSER_PROTOCOLS.has(client.protocol);
    const reply = { action: 'publish', key: entry.key, epoch: entry.epoch, bridged };
    const transfer = [];
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
  #interrupt(entry, reason) {
    const { publisher } = entry;
    if (!publisher) return;
    entry.publisher = undefined;
    entry.state = 'interrupted';
    this.#clients.delete(publisher.client.clientId);
    clearTimeout(entry.grace);
    entry.grace = setTimeout(() => this.end(entry.key, 'ended'), this.#options.graceMs);
    this.#notify({ type: 'interrupted', ...names(entry), client: publisher.client, reason, atMs: Date.now() });
  }
  #kickPublisher(entry, reason) {
    const { publisher } = entry;
    if (publisher) this.#post.send(publisher.workerId, { type: 'kick', clientId: publisher.client.clientId, reason });
  }
  #ensureMirror(entry, workerId) {
    const { owner, key } = entry;
    if (workerId === HLS_MEMBER) return; // packaged by the owner, whoever watches
    if (owner === undefined || owner === workerId || entry.mirrors.has(workerId) || entry.state === 'idle') return;
    entry.mirrors.add(workerId);
    const { from, to } = this.#post.hop(owner, workerId);
    this.#post.send(owner, { type: 'mirror-out', key, port: from }, portsIn(from));
    this.#post.send(workerId, { type: 'mirror-in', key, port: to }, portsIn(to));
  }
  #viewerLeft(entry, workerId) {
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
  #dropMirror(entry, workerId) {
    entry.lingers.delete(workerId);
    if (entry.mirrors.delete(workerId)) this.#post.send(workerId, { type: 'mirror-drop', key: entry.key });
  }
  #open({ app, stream }) {
    const key = streamKeyOf({ app, stream });
    let entry = this.#entries.get(key);
    if (!entry) {
      entry = newEntry(key, { app, stream });
      this.#entries.set(key, entry);
    }
    return entry;
  }
  #forget(entry) {
    clearTimeout(entry.grace);
    for (const linger of entry.lingers.values()) clearTimeout(linger);
    this.#entries.delete(entry.key);
  }
  /** A hook that fails, in whatever way, refuses. */
  async #ask(hook) {
    try {
      return await hook();
    } catch (error) {
      this.#log.error({ err: error instanceof Error ? error.message : String(error) }, 'the authorizing hook failed');
      return deny(503, 'hook_unavailable', 'The right to this stream could not be checked. Try again.');
    }
  }
  #notify(event) {
    try {
      this.#hooks.notify(event);
    } catch (error) {
      this.#log.error({ event: event.type, err: String(error) }, 'a listener of media events failed');
    }
  }
}
const STOPPING = deny(503, 'server_stopping', 'This server is stopping.');
function deny(status, code, message) {
  return { action: 'deny', status, code, message };
}
/** What `postMessage` has to move rather than copy. */
function portsIn(end) {
  return end instanceof MessagePort ? [end] : [];
}
function publicClient({ param: _secret, ...client }) {
  return client;
}
