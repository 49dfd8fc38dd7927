import { HopSender, receiveHop } from './hop.ts';
/** Copies a stream to another member as it was published, and the AAC that is made of it while that member asks for it. */
export function sendMirror(stream, port) {
  const sender = new HopSender(port);
  const untap = stream.tap(sender);
  let untapAac;
  const tapAac = () =>
    stream.tap(
      { published() {}, packet: (packet) => sender.packet(packet), interrupted() {}, ended() {} },
      { audio: 'alternate' },
    );
  const wantAac = (wanted) => {
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
export function receiveMirror(stream, port, lost) {
  let feed;
  const interrupt = () => {
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
