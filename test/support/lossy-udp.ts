import dgram, { type RemoteInfo, type Socket } from 'node:dgram';

export interface NetworkFaults {
  /** 0 to 1, each way. */
  loss: number;
  /** Each datagram waits up to this long, at random, each way: later ones overtake it. */
  jitterMs: number;
}

/** A stretch of bad network before a UDP port of this machine, for any number of peers. */
export interface LossyUdp extends AsyncDisposable {
  port: number;
  faults: NetworkFaults;
  /** Datagrams that were passed on, and that were lost. */
  counts: { passed: number; lost: number };
}

export async function startLossyUdp(targetPort: number, faults: NetworkFaults): Promise<LossyUdp> {
  const front = dgram.createSocket('udp4');
  /** By the peer's address: a socket of its own, so that the server sees one address a peer. */
  const backs = new Map<string, Socket>();
  const timers = new Set<NodeJS.Timeout>();
  const network: LossyUdp = {
    port: 0,
    faults,
    counts: { passed: 0, lost: 0 },
    [Symbol.asyncDispose]: async () => {
      for (const timer of timers) clearTimeout(timer);
      for (const socket of [front, ...backs.values()]) socket.close();
    },
  };
  const pass = (send: () => void): void => {
    if (Math.random() < network.faults.loss) {
      network.counts.lost++;
      return;
    }
    network.counts.passed++;
    const timer = setTimeout(() => {
      timers.delete(timer);
      send();
    }, Math.random() * network.faults.jitterMs);
    timers.add(timer);
  };
  const backOf = (peer: RemoteInfo): Socket => {
    const key = `${peer.address}:${peer.port}`;
    let back = backs.get(key);
    if (!back) {
      back = dgram.createSocket('udp4');
      back.on('message', (bytes) => pass(() => front.send(bytes, peer.port, peer.address)));
      backs.set(key, back);
    }
    return back;
  };
  front.on('message', (bytes, peer) => pass(() => backOf(peer).send(bytes, targetPort, '127.0.0.1')));
  await new Promise<void>((resolve) => front.bind(0, '127.0.0.1', resolve));
  network.port = front.address().port;
  return network;
}
