import type { Site } from '../../engine/contract.ts';
import type { Delivery, Position } from '../../state/contract.ts';
import { deflatedFrame, textFrame } from '../../sockets/frame.ts';
import type { ChannelSource, ServerMessage } from './contract.ts';

/** From here on a snapshot is worth its compression. */
const DEFLATE_FROM_CHARS = 8 * 1024;

/** Something a channel says, with its bytes made once for everybody who came by the same site. */
export class FeedMessage {
  readonly type: 'snapshot' | 'event';
  readonly json: string;
  /** The place in the channel's log after it; ephemeral messages have none. */
  readonly position: Position | undefined;
  /** A snapshot that only says that the events after it are exactly what was missed. */
  readonly isMarker: boolean;
  #frame: Buffer | undefined;
  #deflating: Promise<void> | undefined;
  #deflated: Buffer | undefined;

  constructor(message: Extract<ServerMessage, { type: 'snapshot' | 'event' }>, position: Position | undefined) {
    this.type = message.type;
    this.json = JSON.stringify(message);
    this.position = position;
    this.isMarker = message.type === 'snapshot' && message.recovered;
  }

  /** As one WebSocket frame. */
  get frame(): Buffer {
    return (this.#frame ??= textFrame(this.json));
  }

  /** The compressed frame, if `deflate` made one. */
  get deflated(): Buffer | undefined {
    return this.#deflated;
  }

  /** Compresses a large snapshot, once; events stay as they are, for they have to be quick. */
  async deflate(): Promise<void> {
    if (this.type !== 'snapshot' || this.json.length < DEFLATE_FROM_CHARS) return;
    this.#deflating ??= deflatedFrame(this.json).then((frame) => {
      this.#deflated = frame;
    });
    await this.#deflating;
  }
}

/** Messages that go out together, in order. */
export class Batch {
  readonly messages: readonly FeedMessage[];
  #frames: Buffer | undefined;
  #deflated: Buffer | undefined;

  constructor(messages: readonly FeedMessage[]) {
    this.messages = messages;
  }

  /** All their frames in one piece, shared by every socket. Asked once for each: nothing is made after the first. */
  get frames(): Buffer {
    return this.#frames ?? (this.#frames = joined(this.messages.map(({ frame }) => frame)));
  }

  /** For sockets that negotiated compression. */
  get deflatedFrames(): Buffer {
    return this.#deflated ?? (this.#deflated = this.messages.length === 1 ? this.#whole() : this.frames);
  }

  /** A lone snapshot may be compressed by now. */
  #whole(): Buffer {
    return this.messages[0]?.deflated ?? this.frames;
  }
}

function joined(frames: readonly Buffer[]): Buffer {
  const [first] = frames;
  return frames.length === 1 && first !== undefined ? first : Buffer.concat(frames);
}

/** A delivery, shown once to each site by which somebody came. */
export class FeedEvent {
  /** How many deliveries the feed had seen with this one. */
  readonly sequence: number;
  readonly delivery: Delivery;
  readonly #messages = new Map<string, FeedMessage>();

  constructor(sequence: number, delivery: Delivery) {
    this.sequence = sequence;
    this.delivery = delivery;
  }

  shownTo(siteKey: string, show: (delivery: Delivery) => FeedMessage): FeedMessage {
    const known = this.#messages.get(siteKey);
    if (known !== undefined) return known;
    const message = show(this.delivery);
    this.#messages.set(siteKey, message);
    return message;
  }
}

export function siteKey({ host, secure }: Site): string {
  return `${secure ? 'https' : 'http'} ${host}`;
}

/** An event in the words of the wire. */
export function eventMessage(
  { event, data, atMs, position }: Delivery,
  { channel, source, site }: { channel: string; source: ChannelSource; site: Site },
): FeedMessage {
  const shown = source.render(data, site);
  return new FeedMessage({ type: 'event', channel, offset: position?.offset, event, data: shown, at: atMs }, position);
}
