import type { WireTag } from './flv-wire.ts';
import { RtmpClient, type RtmpClientOptions } from './rtmp-client.ts';
import { decodeAmf0, encodeAmf0, MessageType, type RtmpMessage } from './rtmp-wire.ts';

const PATIENCE_MS = 60_000;
/** Data messages that are for the player itself, not part of the stream. */
const NOT_MEDIA = ['|RtmpSampleAccess', 'onStatus'].map((name) => encodeAmf0(name));

/** One RTMP viewer. `tags` fills while it plays: each message as the FLV tag it would be. */
export class RtmpPlayer {
  readonly client: RtmpClient;
  /** Codes of every onStatus so far. */
  readonly statuses: string[] = [];
  isClosed = false;
  private readonly received: WireTag[] = [];

  private constructor(client: RtmpClient) {
    this.client = client;
    void client.closed.then(() => (this.isClosed = true));
  }

  /** Resolves when `play` is sent; the answer may come much later. */
  static async open(options: RtmpClientOptions & { name: string; app?: string }): Promise<RtmpPlayer> {
    const client = await RtmpClient.connect({ timeoutMs: PATIENCE_MS, ...options });
    const streamId = await client.createStream();
    client.command('play', [null, options.name, -2000], streamId);
    return new RtmpPlayer(client);
  }

  get tags(): readonly WireTag[] {
    for (const message of this.client.inbox.splice(0)) this.take(message);
    return this.received;
  }

  close(): void {
    this.client.close();
  }

  private take({ type, timestamp, payload }: RtmpMessage): void {
    if (type === MessageType.audio) this.received.push({ type: 'audio', timestamp, body: payload });
    else if (type === MessageType.video) this.received.push({ type: 'video', timestamp, body: payload });
    else if (type === MessageType.dataAmf0) {
      const isMedia = !NOT_MEDIA.some((name) => payload.subarray(0, name.length).equals(name));
      if (isMedia) this.received.push({ type: 'script', timestamp, body: payload });
    } else if (type === MessageType.commandAmf0) {
      const [name, , , info] = decodeAmf0(payload);
      if (name === 'onStatus' && info && typeof info === 'object' && !Array.isArray(info))
        this.statuses.push(String(info['code']));
    }
  }
}
