import type { VideoInfo } from '@kaibo/formats';
import { type DirectoryEntry, viewersOf } from '../../cluster/directory-entry.ts';
import type { MainNotice, PublishReply } from '../../cluster/messages.ts';
import type { Denial, MediaClient, MediaEvent, MediaHooks, PlayVerdict } from '../../hooks/contract.ts';
import { randomClientId } from '../../hub/client-id.ts';
import type { MediaLog } from '../../hub/session-host.ts';
import type { StreamKey } from '../../hub/stream.ts';
import { streamKeyOf } from '../../hub/stream-name.ts';
import type { EndReason } from '../../hub/subscriber.ts';
import {
  isEncoded,
  type Rendition,
  renditionOf,
  renditionsFor,
  type TranscodeOptions,
  type TranscodeProfile,
} from './profile.ts';
import type { RenditionEnd } from './source-ladder.ts';

/** One that ffmpeg was given up for is not tried again sooner. */
const FAILED_MS = 30_000;
/** Renditions remembered as failed; past it all are tried again. */
const MAX_FAILED = 1000;

interface Entry {
  app: string;
  source: string;
  profile: TranscodeProfile;
  /** Ordered of the worker that owns the source; until then it waits for the source, or for a free place. */
  isRunning: boolean;
  /** Until it is stopped because nobody watches. */
  linger: NodeJS.Timeout | undefined;
}

export interface LadderBookDeps {
  /** Its profiles are those that can be made on this machine. */
  options: TranscodeOptions;
  /** Profiles were left out, because there is no ffmpeg. */
  lacksFfmpeg: boolean;
  log: MediaLog;
  entry(key: StreamKey): DirectoryEntry | undefined;
  /** Makes this server the publisher of a rendition, in the worker that owns its source. */
  claim(workerId: number, client: MediaClient): PublishReply | undefined;
  send(workerId: number, notice: MainNotice): void;
  end(key: StreamKey, reason: EndReason): void;
  /** Whether HLS asks for a rendition; its viewers are counted at the source. */
  isDemanded(key: StreamKey): boolean;
}

/**
 * Which renditions are made, on the main thread: those that somebody watches, or all, of every stream that is published
 * here. What is asked and told about a rendition is about its source for everybody else: rights, viewers, rooms.
 */
export class LadderBook {
  readonly #deps: LadderBookDeps;
  /** By the rendition's stream. */
  readonly #entries = new Map<StreamKey, Entry>();
  /** Until when (ms since the epoch) a rendition is not tried again. */
  readonly #failed = new Map<StreamKey, number>();
  /** By source, the names of the renditions that were told of. */
  readonly #told = new Map<StreamKey, string>();
  #hooks: MediaHooks | undefined;

  constructor(deps: LadderBookDeps) {
    this.#deps = deps;
  }

  /** The hooks as the directory asks and tells them: of sources only. */
  under(hooks: MediaHooks): MediaHooks {
    const { authorizeConnect, notifyClosed } = hooks;
    this.#hooks = hooks;
    return {
      authorizePublish: async (client) => this.refusePublish(client) ?? (await hooks.authorizePublish(client)),
      authorizePlay: (client) => this.#authorizePlay(client, hooks),
      authorizeConnect: authorizeConnect && ((client) => authorizeConnect.call(hooks, client)),
      notifyClosed: notifyClosed && ((closed) => notifyClosed.call(hooks, closed)),
      notify: (event) => this.#heard(event, hooks),
    };
  }

  /** Nobody publishes under the name of a rendition, the source's owner included. */
  refusePublish({ stream }: { stream: string }): Denial | undefined {
    if (this.#renditionOf(stream) === undefined) return undefined;
    return deny(403, 'reserved_stream_name', 'This name belongs to a rendition of another stream.');
  }

  /** Of what a stream is a rendition; undefined for a stream of its own. */
  sourceOf(stream: string): string | undefined {
    return this.#renditionOf(stream)?.source;
  }

  /** What a source can be played as, while it is published. */
  renditions(key: StreamKey): Rendition[] {
    const entry = this.#deps.entry(key);
    if (entry?.state !== 'publishing' || this.#renditionOf(entry.stream) !== undefined) return [];
    return renditionsFor(entry.report?.video, this.#deps.options.profiles).filter(
      ({ name }) => !this.#hasFailed(streamKeyOf({ app: entry.app, stream: `${entry.stream}_${name}` })),
    );
  }

  /** Codes of what a source's streamer should know. */
  notices({ app, stream }: { app: string; stream: string }): string[] {
    if (this.#renditionOf(stream) !== undefined) return [];
    const { options, lacksFfmpeg } = this.#deps;
    const hasFailed = options.profiles.some(({ name }) =>
      this.#hasFailed(streamKeyOf({ app, stream: `${stream}_${name}` })),
    );
    return [...(lacksFfmpeg ? ['renditions_need_ffmpeg'] : []), ...(hasFailed ? ['transcode_failed'] : [])];
  }

  /** The viewers of a source's renditions. */
  viewersOf(source: StreamKey): number {
    let viewers = 0;
    for (const [key, entry] of this.#entries) if (sourceKeyOf(entry) === source) viewers += this.#watching(key);
    return viewers;
  }

  /** A worker's account of its streams has come: sources whose pictures are known now. */
  reported(streams: readonly { key: StreamKey; owner: boolean; video?: VideoInfo }[]): void {
    const { options, entry: find } = this.#deps;
    if (options.profiles.length === 0) return;
    for (const { key, owner } of streams) {
      const entry = owner ? find(key) : undefined;
      if (entry?.state !== 'publishing' || this.#renditionOf(entry.stream) !== undefined) continue;
      const { app, stream } = entry;
      const names = this.renditions(key).map(({ name }) => name);
      this.#tell({ app, stream }, names.join());
      if (options.mode === 'always') for (const name of names) this.#want(app, `${stream}_${name}`);
    }
  }

  #tell({ app, stream }: { app: string; stream: string }, names: string): void {
    const key = streamKeyOf({ app, stream });
    if ((this.#told.get(key) ?? '') === names) return;
    this.#told.set(key, names);
    this.#hooks?.notify({ type: 'renditions', app, stream, atMs: Date.now() });
  }

  /** Why a rendition cannot be played now; undefined when it can, or when it is none. */
  refuse({ app, stream }: { app: string; stream: string }): Denial | undefined {
    const rendition = this.#renditionOf(stream);
    return rendition && this.#refusePlay({ app, stream }, rendition);
  }

  /** Somebody asks for a rendition without being its viewer; `isDemanded` says so until `unwanted`. */
  wanted({ app, stream }: { app: string; stream: string }): void {
    this.#want(app, stream);
  }

  unwanted(key: StreamKey): void {
    this.#maybeUnwatched(key);
  }

  /** A worker gave a rendition up. */
  gaveUp(key: StreamKey, end: RenditionEnd): void {
    if (end === 'failed') {
      if (this.#failed.size >= MAX_FAILED) this.#failed.clear();
      this.#failed.set(key, Date.now() + FAILED_MS);
    }
    this.#drop(key, end === 'failed' ? 'engine_failure' : 'not_published');
  }

  /** What ran there waits for its source, which comes back on another worker. */
  workerLost(workerId: number): void {
    for (const entry of this.#entries.values()) {
      const owner = this.#deps.entry(sourceKeyOf(entry))?.owner;
      if (owner === workerId || owner === undefined) entry.isRunning = false;
    }
  }

  close(): void {
    for (const { linger } of this.#entries.values()) clearTimeout(linger);
    this.#entries.clear();
  }

  async #authorizePlay(client: MediaClient, hooks: MediaHooks): Promise<PlayVerdict> {
    const rendition = this.#renditionOf(client.stream);
    if (rendition === undefined) return hooks.authorizePlay(client);
    const verdict = await hooks.authorizePlay({ ...client, stream: rendition.source });
    return verdict.action === 'deny' ? verdict : (this.#refusePlay(client, rendition) ?? verdict);
  }

  #refusePlay(
    { app, stream }: { app: string; stream: string },
    { source, profile }: { source: string; profile: TranscodeProfile },
  ): Denial | undefined {
    const key = streamKeyOf({ app, stream });
    if (this.#entries.get(key)?.isRunning === true) return undefined;
    const video = this.#deps.entry(streamKeyOf({ app, stream: source }))?.report?.video;
    if (video !== undefined && renditionsFor(video, [profile]).length === 0)
      return deny(404, 'rendition_not_offered', 'This stream has no such rendition.');
    if (this.#hasFailed(key))
      return deny(
        503,
        'transcode_failed',
        'This rendition could not be made. Play the stream itself, or try again later.',
      );
    if (isEncoded(profile) && !this.#hasRoom())
      return deny(
        503,
        'too_many_transcodes',
        'This server makes as many renditions as it may. Play the stream itself.',
      );
    return undefined;
  }

  #heard(event: MediaEvent, hooks: MediaHooks): void {
    const { app, stream } = event;
    const rendition = this.#renditionOf(stream);
    if (rendition === undefined) {
      hooks.notify(event);
      this.#heardOfSource(event);
      return;
    }
    const key = streamKeyOf({ app, stream });
    switch (event.type) {
      case 'playing':
      case 'stopped':
        // Wanted first: whoever hears of it may have to fetch the source from elsewhere.
        if (event.type === 'playing') this.#want(app, stream);
        else this.#maybeUnwatched(key);
        hooks.notify({ ...event, stream: rendition.source, client: { ...event.client, stream: rendition.source } });
        return;
      case 'interrupted': // it was kicked, or its worker died
        if (this.#deps.entry(key)?.owner !== undefined) this.#drop(key, 'ended');
        return;
      case 'ended':
        this.#forget(key);
        return;
      default: // its publisher is this server: nothing to tell
    }
  }

  #heardOfSource(event: MediaEvent): void {
    const source = streamKeyOf(event);
    if (event.type !== 'published' && event.type !== 'ended') return;
    for (const [key, entry] of [...this.#entries]) {
      if (sourceKeyOf(entry) !== source) continue;
      if (event.type === 'published') this.#start(key, entry);
      else this.#drop(key, 'ended');
    }
    if (event.type === 'ended') this.#told.delete(source);
    if (event.type === 'ended')
      for (const key of this.#failed.keys()) if (key.startsWith(`${source}_`)) this.#failed.delete(key);
  }

  #want(app: string, stream: string): void {
    const rendition = this.#renditionOf(stream);
    if (rendition === undefined) return;
    const key = streamKeyOf({ app, stream });
    const known = this.#entries.get(key);
    clearTimeout(known?.linger);
    const entry = known ?? { app, ...rendition, isRunning: false, linger: undefined };
    entry.linger = undefined;
    this.#entries.set(key, entry);
    this.#start(key, entry);
  }

  /** Where the source is; when it is nowhere, it is waited for. */
  #start(key: StreamKey, entry: Entry): void {
    const { entry: find, claim, send, end, log } = this.#deps;
    const { app, source, profile } = entry;
    const sourceKey = sourceKeyOf(entry);
    const found = find(sourceKey);
    if (entry.isRunning || found?.owner === undefined || found.state === 'idle') return;
    if (isEncoded(profile) && !this.#hasRoom()) return;
    const stream = `${source}_${profile.name}`;
    const owner = find(key)?.owner;
    if (owner !== undefined && owner !== found.owner) {
      end(key, 'ended');
      return;
    }
    entry.isRunning = true;
    const reply = claim(found.owner, publisherOf({ app, stream }));
    if (reply === undefined || reply.action === 'deny') {
      entry.isRunning = false;
      log.warn({ stream: key, code: reply?.code }, 'a rendition is not made');
      return;
    }
    const { resumeAfterMs } = reply;
    send(found.owner, { type: 'rendition', order: { source: sourceKey, name: profile.name, key, resumeAfterMs } });
  }

  /** Asked again when the time is over: the viewer that left is still counted while it is told. */
  #maybeUnwatched(key: StreamKey): void {
    const entry = this.#entries.get(key);
    const { mode, lingerMs } = this.#deps.options;
    if (entry === undefined || (mode === 'always' && entry.isRunning)) return;
    clearTimeout(entry.linger);
    entry.linger = setTimeout(() => {
      if (this.#watching(key) === 0 && !this.#deps.isDemanded(key)) this.#drop(key, 'ended');
    }, lingerMs);
  }

  #watching(key: StreamKey): number {
    const entry = this.#deps.entry(key);
    return entry === undefined ? 0 : viewersOf(entry);
  }

  #drop(key: StreamKey, reason: EndReason): void {
    if (!this.#entries.has(key)) return;
    this.#forget(key);
    this.#deps.end(key, reason);
    this.#startWaiting();
  }

  #forget(key: StreamKey): void {
    clearTimeout(this.#entries.get(key)?.linger);
    this.#entries.delete(key);
  }

  /** A place is free. */
  #startWaiting(): void {
    for (const [key, entry] of this.#entries) this.#start(key, entry);
  }

  #hasRoom(): boolean {
    let jobs = 0;
    for (const { isRunning, profile } of this.#entries.values()) if (isRunning && isEncoded(profile)) jobs++;
    return jobs < this.#deps.options.maxJobs;
  }

  #hasFailed(key: StreamKey): boolean {
    return (this.#failed.get(key) ?? 0) > Date.now();
  }

  #renditionOf(stream: string): ReturnType<typeof renditionOf> {
    return renditionOf(stream, this.#deps.options.profiles);
  }
}

function sourceKeyOf({ app, source }: Entry): StreamKey {
  return streamKeyOf({ app, stream: source });
}

function publisherOf({ app, stream }: { app: string; stream: string }): MediaClient {
  return {
    clientId: randomClientId(),
    protocol: 'transcode',
    address: '',
    vhost: '__defaultVhost__',
    app,
    stream,
    param: '',
    tcUrl: '',
    pageUrl: '',
  };
}

function deny(status: Denial['status'], code: string, message: string): Denial {
  return { action: 'deny', status, code, message };
}
