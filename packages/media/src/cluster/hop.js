import { encodeFlvHeader, FlvDemuxer, packetFromTag } from '@kaibo/formats';
import { frameTags } from '../flv/framing.ts';
/** Packets gather at most this long before they cross to another worker; the first after a pause crosses at once. */
export const HOP_WINDOW_MS = 10;
/** Sent and not yet taken: past this the other member is stuck, and packets are dropped until the next key frame. */
export const MAX_HOP_BYTES = 32 * 1024 * 1024;
/** Copies packets to another member, batched. As a tap it mirrors a stream; a forwarded publisher feeds it too. */
export class HopSender {
  #port;
  #pending = [];
  #timer;
  #queued = false;
  #lastSentMs = 0;
  #dropping = false;
  #hasVideo = false;
  constructor(port) {
    this.#port = port;
  }
  published({ bridged }) {
    this.#flush();
    this.#post({ type: 'published', bridged });
  }
  packet(packet) {
    if (packet.kind === 'video') this.#hasVideo = true;
    if (this.#drops(packet)) return;
    this.#pending.push(packet);
    if (this.#queued) return;
    this.#queued = true;
    const waitMs = this.#lastSentMs + HOP_WINDOW_MS - performance.now();
    if (waitMs > 0) this.#timer = setTimeout(() => this.#flush(), waitMs);
    else queueMicrotask(() => this.#flush());
  }
  interrupted() {
    this.#flush();
    this.#post({ type: 'interrupted' });
  }
  ended(reason) {
    this.#flush();
    this.#post({ type: 'ended', reason });
    this.#port.close();
  }
  close() {
    this.#flush();
    this.#port.close();
  }
  /** Headers always pass: they are few, and a decoder is lost without them. */
  #drops(packet) {
    if (packet.config || packet.metadata) return false;
    if (this.#port.untakenBytes > MAX_HOP_BYTES) this.#dropping = true;
    else if (this.#dropping && (packet.keyframe || !this.#hasVideo)) this.#dropping = false;
    return this.#dropping;
  }
  #flush() {
    clearTimeout(this.#timer);
    this.#queued = false;
    if (this.#pending.length === 0) return;
    this.#lastSentMs = performance.now();
    const bytes = frameTags(this.#pending, 0);
    this.#pending = [];
    this.#post({ type: 'tags', bytes });
  }
  #post(message) {
    this.#port.send(message);
  }
}
export function receiveHop(port, receiver) {
  const demuxer = new FlvDemuxer();
  demuxer.push(encodeFlvHeader({ hasAudio: true, hasVideo: true }));
  port.listen({
    message: (message) => {
      if (message.type === 'tags') {
        for (const tag of demuxer.push(message.bytes)) receiver.packet(packetFromTag(tag));
      } else if (message.type === 'published') receiver.published?.({ bridged: message.bridged });
      else if (message.type === 'interrupted') receiver.interrupted();
      else if (message.type === 'ended') receiver.ended(message.reason);
    },
    closed: () => receiver.lost(),
  });
}
