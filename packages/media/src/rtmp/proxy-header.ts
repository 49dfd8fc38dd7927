import { BlockList, isIP, isIPv6, type Socket } from 'node:net';

/** HAProxy's PROXY protocol, 2.1: no line of version 1 is longer, with its CR LF. */
const MAX_LINE_BYTES = 107;
const LINE = /^PROXY (?:UNKNOWN(?: [^\r\n]*)?|(TCP4|TCP6) (\S+) \S+ \d{1,5} \d{1,5})\r\n/;
const LINE_START = Buffer.from('PROXY ');
/** Its 2.2: version 2 begins with these. */
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const HEAD_BYTES = 16;
/** Addresses and what a proxy adds to them, such as a certificate's name. */
const MAX_REST_BYTES = 4096;
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 1: 4, 2: 16 };

export class ProxyHeaderError extends Error {}

export interface ProxyHeader {
  /** For whom the proxy speaks; undefined when it speaks for itself, as in its checks. */
  address: string | undefined;
  /** Of the header; what follows is the client's. */
  length: number;
}

/**
 * The header at the beginning of a proxy's connection; undefined while it is not whole.
 * https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt, versions 1 and 2.
 * @throws ProxyHeaderError
 */
export function parseProxyHeader(bytes: Buffer): ProxyHeader | undefined {
  if (startsLike(bytes, SIGNATURE)) return bytes.length < HEAD_BYTES ? undefined : parseBinary(bytes);
  if (!startsLike(bytes, LINE_START)) throw new ProxyHeaderError('it sends none');
  const text = bytes.toString('latin1', 0, MAX_LINE_BYTES);
  if (!text.includes('\r\n')) {
    if (bytes.length >= MAX_LINE_BYTES) throw new ProxyHeaderError('its line does not end');
    return undefined;
  }
  const line = LINE.exec(text);
  if (line === null) throw new ProxyHeaderError('its line is malformed');
  const [{ length }, family, address] = line;
  if (family === undefined || address === undefined) return { address: undefined, length };
  if (isIP(address) !== (family === 'TCP4' ? 4 : 6)) throw new ProxyHeaderError('its line names no address');
  return { address, length };
}

/** As far as it is there. */
function startsLike(bytes: Buffer, start: Buffer): boolean {
  const common = Math.min(bytes.length, start.length);
  return bytes.subarray(0, common).equals(start.subarray(0, common));
}

function parseBinary(bytes: Buffer): ProxyHeader | undefined {
  const [version, command] = [bytes.readUInt8(12) >> 4, bytes.readUInt8(12) & 15];
  const [family, rest] = [bytes.readUInt8(13) >> 4, bytes.readUInt16BE(14)];
  if (version !== 2 || command > 1) throw new ProxyHeaderError('its version is unknown');
  if (rest > MAX_REST_BYTES) throw new ProxyHeaderError('it is too long');
  const length = HEAD_BYTES + rest;
  if (bytes.length < length) return undefined;
  const size = ADDRESS_BYTES[family];
  // 0 is LOCAL: the proxy itself. Sockets of a file system have no address that says anything.
  if (command === 0 || size === undefined) return { address: undefined, length };
  if (rest < 2 * size + 4) throw new ProxyHeaderError('its addresses are cut off');
  return { address: textOf(bytes.subarray(HEAD_BYTES, HEAD_BYTES + size)), length };
}

function textOf(address: Buffer): string {
  if (address.length === 4) return address.join('.');
  const groups = Array.from({ length: 8 }, (_, at) => address.readUInt16BE(at * 2).toString(16)).join(':');
  return new URL(`http://[${groups}]`).hostname.slice(1, -1);
}

/**
 * Takes the header off the connection, and leaves the rest for whoever reads it next. A connection that ends, is late or
 * says something else ends here.
 * @throws ProxyHeaderError
 */
export function takeProxyHeader(socket: Socket, timeoutMs: number): Promise<ProxyHeader> {
  const { promise, resolve, reject } = Promise.withResolvers<ProxyHeader>();
  let bytes: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => fail(new ProxyHeaderError('it does not come')), timeoutMs).unref();
  const onReadable = (): void => {
    const more = socket.read() as Buffer | null;
    if (more === null) return;
    bytes = Buffer.concat([bytes, more]);
    try {
      const header = parseProxyHeader(bytes);
      if (header === undefined) return;
      leave();
      if (bytes.length > header.length) socket.unshift(bytes.subarray(header.length));
      resolve(header);
    } catch (error) {
      fail(error);
    }
  };
  const onClose = (): void => fail(new ProxyHeaderError('the connection ended before it'));
  const leave = (): void => {
    clearTimeout(timer);
    socket.off('readable', onReadable).off('close', onClose);
  };
  const fail = (error: unknown): void => {
    leave();
    socket.destroy();
    reject(error);
  };
  // 'close' follows and says everything.
  socket
    .on('error', () => undefined)
    .on('readable', onReadable)
    .on('close', onClose);
  return promise;
}

/** Addresses and networks of proxies, as `10.0.0.1` and `10.0.0.0/24`. */
export function proxiesOf(places: readonly string[]): (address: string) => boolean {
  if (places.length === 0) return () => false;
  const list = new BlockList();
  for (const place of places) {
    const [net = '', bits] = place.split('/');
    const family = isIPv6(net) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(net, family);
    else list.addSubnet(net, Number(bits), family);
  }
  // An address of version 4 is found in its form of version 6 too.
  return (address) => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
