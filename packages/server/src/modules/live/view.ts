import type { EngineStream, MediaEngine, PlayUrls, Site } from '../../engine/contract.ts';
import { LIVE_APP, type PublishingHealth, type Room, type RoomFacts } from './contract.ts';
import type { Audience } from './audience.ts';
import type { Signer } from './signer.ts';
import type { RoomRow } from './store.ts';

/** What OBS takes as its stream key. */
export function streamKeyOf(row: RoomRow): string {
  return `${row.play_id}?key=${row.stream_secret}`;
}

/** Turns rows into what one caller may see. */
export class RoomView {
  readonly #engine: MediaEngine;
  readonly #audience: Audience;
  readonly #signer: Signer;

  constructor(deps: { engine: MediaEngine; audience: Audience; signer: Signer }) {
    this.#engine = deps.engine;
    this.#audience = deps.audience;
    this.#signer = deps.signer;
  }

  facts(row: RoomRow): RoomFacts {
    return {
      id: row.id,
      userId: row.user_id,
      title: row.title,
      category: row.category ?? undefined,
      cover: row.cover ?? undefined,
      status: row.status,
      mode: row.mode,
      interrupted: row.interrupted === 1 ? true : undefined,
      isPrivate: row.is_private === 1,
      autoLive: row.auto_live === 1,
      playId: row.play_id,
      startTime: row.start_time ?? undefined,
      endTime: row.end_time ?? undefined,
      viewerCount: row.status === 'ended' ? 0 : this.#audience.count(row.play_id),
      peakViewers: Math.max(row.peak_viewers, row.status === 'ended' ? 0 : this.#audience.peak(row.play_id)),
      maxViewers: row.max_viewers,
    };
  }

  /** For anybody who may see the room at all; `token` is the play token they came with. */
  public(facts: RoomFacts, site: Site, token?: string): Room {
    return { ...facts, playUrls: this.#playUrls(facts.playId, site, token) };
  }

  /** For the owner: the key, and play URLs that work for private rooms and previews. */
  owner(row: RoomRow, site: Site, stream: EngineStream | undefined): Room {
    const needsToken = row.is_private === 1 || (row.status === 'preparing' && row.auto_live === 0);
    return {
      ...this.public(this.facts(row), site, needsToken ? this.#signer.playToken(row.id) : undefined),
      streamKey: streamKeyOf(row),
      publishUrls: this.#engine.publishUrls({
        app: LIVE_APP,
        stream: row.play_id,
        ...site,
        query: { key: row.stream_secret },
      }),
      publishing: stream === undefined ? undefined : healthOf(stream),
    };
  }

  #playUrls(playId: string, site: Site, token: string | undefined): PlayUrls {
    return this.#engine.playUrls({
      app: LIVE_APP,
      stream: playId,
      ...site,
      query: token === undefined ? {} : { token },
    });
  }
}

function healthOf({ publisher, startedAtMs, recvBps, fps, video, audio }: EngineStream): PublishingHealth {
  return { protocol: publisher?.protocol ?? '', sinceMs: startedAtMs, recvBps, fps, video, audio };
}
