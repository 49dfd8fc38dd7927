import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import net from 'node:net';

/** Below what the system gives to whoever asks for any: between our look and its use nobody is given it by chance. */
const FIRST = 12_000;
const COUNT = 20_000;
const TRIES = 100;

/** A TCP port that was free a moment ago. Prefer port 0 where the program says what it got. */
export const freePort = (): Promise<number> => find(isFreeTcp);

/** A UDP port that was free a moment ago. */
export const freeUdpPort = (): Promise<number> => find(isFreeUdp);

async function find(isFree: (port: number) => Promise<boolean>): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = FIRST + randomInt(COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error('no free port');
}

function isFreeTcp(port: number): Promise<boolean> {
  const probe = net.createServer();
  return new Promise((resolve) => {
    probe.once('error', () => resolve(false));
    probe.listen(port, '0.0.0.0', () => probe.close(() => resolve(true)));
  });
}

function isFreeUdp(port: number): Promise<boolean> {
  const probe = createSocket('udp4');
  return new Promise((resolve) => {
    probe.once('error', () => resolve(false));
    probe.bind(port, '0.0.0.0', () => probe.close(() => resolve(true)));
  });
}

export async function isPortOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
