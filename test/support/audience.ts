import { HttpFlvPlayer, WsFlvPlayer } from './flv-client.ts';
import type { WireTag } from './flv-wire.ts';
import type { LocalMediaServer } from './local-media-server.ts';
import { RtmpPlayer } from './rtmp-player.ts';
import { until } from './until.ts';

export type ViewerProtocol = 'rtmp' | 'http-flv' | 'ws-flv';

type Player = RtmpPlayer | HttpFlvPlayer | WsFlvPlayer;

/** One viewer by whichever protocol; it may still be waiting for a publisher. */
export class Viewer {
  readonly protocol: ViewerProtocol;
  /** Why it was never let in. */
  refusal: unknown;
  private player: Player | undefined;
  private httpEnded = false;

  constructor(protocol: ViewerProtocol, opening: Promise<Player>) {
    this.protocol = protocol;
    opening.then(
      (player) => {
        this.player = player;
        if (player instanceof HttpFlvPlayer) void player.ended.then(() => (this.httpEnded = true));
      },
      (error: unknown) => (this.refusal = error),
    );
  }

  get tags(): readonly WireTag[] {
    if (this.player instanceof RtmpPlayer) return this.player.tags;
    return this.player?.flv.tags ?? [];
  }

  /** Audio and video without headers of the container: what a decoder is given. */
  get media(): WireTag[] {
    return this.tags.filter(({ type }) => type !== 'script');
  }

  get video(): WireTag[] {
    return this.tags.filter(({ type }) => type === 'video');
  }

  get isOpen(): boolean {
    const { player } = this;
    if (!player || this.httpEnded) return false;
    if (player instanceof RtmpPlayer) return !player.isClosed;
    if (player instanceof WsFlvPlayer) return !player.socket.isClosed && player.socket.closeFrame === undefined;
    return true;
  }

  close(): void {
    this.player?.close();
  }
}

/**
 * Viewers of one stream by every protocol, several of each, so that the kernel spreads them over the workers:
 * some are on the publisher's worker and some are fed by a mirror.
 */
export class Audience {
  readonly viewers: Viewer[];

  private constructor(viewers: Viewer[]) {
    this.viewers = viewers;
  }

  /** Resolves when the server has let all of them in, playing or waiting. */
  static async seated(
    media: LocalMediaServer,
    name: string,
    { each = 2, tls = false, query = '' }: { each?: number; tls?: boolean; query?: string } = {},
  ): Promise<Audience> {
    const before = media.stream(name)?.viewers ?? 0;
    const { rtmp, http, rtmps = 0, https = 0 } = media.ports;
    const rtmpPort = tls ? rtmps : rtmp;
    const httpPort = tls ? https : http;
    const path = `/live/${name}.flv${query}`;
    const viewers = Array.from({ length: each }, () => [
      new Viewer('rtmp', RtmpPlayer.open({ port: rtmpPort, tls, name: name + query })),
      new Viewer('http-flv', HttpFlvPlayer.open({ port: httpPort, tls, path })),
      new Viewer('ws-flv', WsFlvPlayer.open({ port: httpPort, tls, path })),
    ]).flat();
    await media.hasViewers(name, before + viewers.length);
    return new Audience(viewers);
  }

  /** Waits until every viewer satisfies it; says what each has when one does not. */
  async all(fits: (viewer: Viewer) => boolean, what: string, timeoutMs = 15_000): Promise<void> {
    await until(() => this.viewers.every(fits), { timeoutMs, what }).catch((error: unknown) => {
      const found = this.viewers.map(
        ({ protocol, tags, isOpen, refusal }) =>
          `${protocol}: ${tags.length} tags, ${isOpen ? 'open' : 'closed'} ${refusal instanceof Error ? refusal.message : ''}`,
      );
      throw new Error(`${what} did not come:\n${found.join('\n')}`, { cause: error });
    });
  }

  [Symbol.dispose](): void {
    for (const viewer of this.viewers) viewer.close();
  }
}

/** Tags as text, so that a difference is readable: kind, time, size and the first bytes. */
export function describeTags(tags: readonly WireTag[], { times = true } = {}): string[] {
  return tags.map(({ type, timestamp, body }) =>
    [type, ...(times ? [timestamp] : []), body.length, body.toString('hex')].join(' '),
  );
}
