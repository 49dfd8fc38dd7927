import type { MessagePort } from 'node:worker_threads';
import { encodeFlvHeader, FlvDemuxer, type MediaPacket, packetFromTag } from '@kaibo/formats';
import { frameTags } from '../flv/framing.ts';
import type { EndReason, PacketTap } from '../hub/subscriber.ts';
import type { HopMessage } from './messages.ts';

/** Packets gather at most this long before they cross to another worker; the first after a pause crosses at once. */
export const HOP_WINDOW_MS = 10;

/** Copies packets to another worker's thread, batched. As a tap it mirrors a stream; a forwarded publisher feeds it too. */
export class HopSender implements PacketTap {
  #port: MessagePort;
  #pending: MediaPacket[] = [];
  #timer: NodeJS.Timeout | undefined;
  #queued = false;
  #lastSentMs = 0;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  packet(packet: MediaPacket): void {
    this.#pending.push(packet);
    if (this.#queued) return;
    this.#queued = true;
    const waitMs = this.#lastSentMs + HOP_WINDOW_MS - performance.now();
    if (waitMs > 0) this.#timer = setTimeout(() => this.#flush(), waitMs);
    else queueMicrotask(() => this.#flush());
  }

  interrupted(): void {
    this.#flush();
    this.#post({ type: 'interrupted' });
  }

  ended(reason: EndReason): void {
    this.#flush();
    this.#post({ type: 'ended', reason });
    this.#port.close();
  }

  close(): void {
    this.#flush();
    this.#port.close();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#queued = false;
    if (this.#pending.length === 0) return;
    this.#lastSentMs = performance.now();
    this.#post({ type: 'tags', bytes: frameTags(this.#pending, 0) });
    this.#pending = [];
  }

  #post(message: HopMessage): void {
    this.#port.postMessage(message);
  }
}

export interface HopReceiver {
  packet(packet: MediaPacket): void;
  interrupted(): void;
  ended(reason: EndReason): void;
  /** The sending thread or session is gone without a word. */
  lost(): void;
}

export function receiveHop(port: MessagePort, receiver: HopReceiver): void {
  const demuxer = new FlvDemuxer();
  demuxer.push(encodeFlvHeader({ hasAudio: true, hasVideo: true }));
  port.on('message', (message: HopMessage) => {
    if (message.type === 'tags') {
      for (const tag of demuxer.push(message.bytes)) receiver.packet(packetFromTag(tag));
    } else if (message.type === 'interrupted') receiver.interrupted();
    else receiver.ended(message.reason);
  });
  port.on('close', () => receiver.lost());
}
