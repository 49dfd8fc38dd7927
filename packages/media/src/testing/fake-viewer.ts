import { Socket } from 'node:net';
import { FlvDemuxer, type FlvTag } from '@kaibo/formats';
import { HTTP_FLV_FRAMING } from '../flv/framing.ts';
import type { Framing } from '../hub/framing.ts';
import type { EndReason, Subscriber } from '../hub/subscriber.ts';

/** A socket in memory: keeps the very Buffers it was given, and says it has sent them unless `stalledBytes` is set. */
export class FakeSocket extends Socket {
  readonly written: Buffer[] = [];
  stalledBytes = 0;

  constructor() {
    super();
    Object.defineProperty(this, 'writableLength', { get: () => this.stalledBytes });
  }

  override write(bytes: Uint8Array | string): boolean {
    if (!Buffer.isBuffer(bytes)) throw new Error('a viewer is written Buffers only');
    this.written.push(bytes);
    return true;
  }
}

let lastId = 0;

/** A viewer without a protocol. */
export class FakeViewer implements Subscriber {
  readonly clientId = `viewer-${++lastId}`;
  readonly framing: Framing;
  readonly socket = new FakeSocket();
  begun = 0;
  finished: EndReason | undefined;

  constructor(framing: Framing = HTTP_FLV_FRAMING) {
    this.framing = framing;
  }

  begin(): void {
    this.begun++;
  }

  finish(reason: EndReason): void {
    this.finished = reason;
  }

  /** All tags it was sent; HTTP-FLV only. */
  tags(): FlvTag[] {
    return new FlvDemuxer().push(Buffer.concat(this.socket.written));
  }

  times(type: number): number[] {
    return this.tags()
      .filter((tag) => tag.type === type)
      .map((tag) => tag.timestampMs);
  }
}
