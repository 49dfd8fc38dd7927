import type { Stream, StreamFeed } from '../hub/stream.ts';
import { HopSender, receiveHop } from './hop.ts';
import type { HopPort } from './hop-port.ts';

/** Copies a stream to another member as it was published, and the AAC that is made of it while that member asks for it. */
export function sendMirror(stream: Stream, port: HopPort): void {
  const sender = new HopSender(port);
  const untap = stream.tap(sender);
  let untapAac: (() => void) | undefined;
  const tapAac = (): (() => void) =>
    stream.tap(
      { published() {}, packet: (packet) => sender.packet(packet), interrupted() {}, ended() {} },
      { audio: 'alternate' },
    );
  const wantAac = (wanted: boolean): void => {
    if (wanted) untapAac ??= tapAac();
    else {
      untapAac?.();
      untapAac = undefined;
    }
  };
  port.listen({
    message: (message) => {
      if (message.type === 'demand') wantAac(message.aac);
    },
    closed: () => {
      untap();
      wantAac(false);
    },
  });
}

/** Feeds a stream from its owner's. `lost`: the owner's member or its hop is gone. */
export function receiveMirror(stream: Stream, port: HopPort, lost: () => void): void {
  let feed: StreamFeed | undefined;
  const interrupt = (): void => {
    feed?.interrupt();
    feed = undefined;
  };
  receiveHop(port, {
    published: ({ bridged }) => (feed = stream.attach({ placed: true, bridged })),
    packet: (packet) => feed?.publish(packet),
    interrupted: interrupt,
    ended: interrupt,
    lost: () => {
      undemand();
      interrupt();
      lost();
    },
  });
  const undemand = stream.onAacDemand((aac) => port.send({ type: 'demand', aac }));
}
