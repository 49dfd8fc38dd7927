import { lookup } from 'node:dns/promises';
import net, { type Socket } from 'node:net';
import tls from 'node:tls';
import { RtmpClientError } from './client-error.ts';
import type { RtmpTarget } from './client-url.ts';

const OLDEST_TLS = 'TLSv1.2';
const KEEP_ALIVE_MS = 30_000;

/** Names as addresses, once for each attempt. Throws RtmpClientError host_not_found, address_refused. */
export type Resolve = (host: string) => Promise<string>;

export interface DialOptions {
  /** Of each step: the name, the connection with its TLS, and every answer after that. */
  timeoutMs: number;
  /** Left out, any address that the system's resolver gives. */
  resolve?: Resolve;
  /** Certificate authorities in PEM, instead of the system's. */
  ca?: string;
}

/**
 * A connection to the target's address of this moment, which is then what is connected to: a name that changes
 * afterwards leads nowhere else. TLS is checked against the name.
 * @throws RtmpClientError host_not_found, address_refused, unreachable, tls_failed, timeout
 */
export async function dial(target: RtmpTarget, { timeoutMs, resolve = anyAddress, ca }: DialOptions): Promise<Socket> {
  const late = Promise.withResolvers<never>();
  let socket: Socket | undefined;
  const timer = setTimeout(() => {
    late.reject(new RtmpClientError('timeout', 'The server did not answer in time.'));
    socket?.destroy();
  }, timeoutMs);
  try {
    const address = await Promise.race([resolve(target.host), late.promise]);
    socket = target.secure ? secureTo(target, address, ca) : net.connect({ host: address, port: target.port });
    await Promise.race([connected(socket, target.secure), late.promise]);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    return socket;
  } catch (error) {
    socket?.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    late.promise.catch(() => undefined);
  }
}

/** Throws RtmpClientError host_not_found. */
export async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    throw new RtmpClientError('host_not_found', 'The server’s name has no address.', { cause: error });
  }
}

async function anyAddress(host: string): Promise<string> {
  const [first] = await addressesOf(host);
  if (first === undefined) throw new RtmpClientError('host_not_found', 'The server’s name has no address.');
  return first;
}

function secureTo({ host, port }: RtmpTarget, address: string, ca: string | undefined): Socket {
  // An address is no name for SNI (RFC 6066, 3), but certificates may be for one.
  const name = net.isIP(host) === 0 ? { servername: host } : {};
  return tls.connect({
    ...{ host: address, port, ca, minVersion: OLDEST_TLS },
    ...name,
    checkServerIdentity: (_given, certificate) => tls.checkServerIdentity(host, certificate),
  });
}

function connected(socket: Socket, secure: boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let isOpen = false;
  socket.once('connect', () => (isOpen = true));
  socket.once(secure ? 'secureConnect' : 'connect', () => resolve());
  socket.once('error', (error) =>
    reject(
      isOpen && secure
        ? new RtmpClientError('tls_failed', 'The server’s certificate or TLS cannot be used.', { cause: error })
        : new RtmpClientError('unreachable', 'The server cannot be reached.', { cause: error }),
    ),
  );
  socket.once('close', () => reject(new RtmpClientError('unreachable', 'The server cannot be reached.')));
  return promise;
}
