// STUN and TURN over UDP by hand (RFC 8489, RFC 8656), as much as asking a server for a relayed address takes.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';

const MAGIC = 0x2112a442;
const TYPE = { allocate: 0x0003, allocated: 0x0103, refused: 0x0113 };
const ATTRIBUTE = {
  username: 0x0006,
  integrity: 0x0008,
  errorCode: 0x0009,
  realm: 0x0014,
  nonce: 0x0015,
  relayedAddress: 0x0016,
  requestedTransport: 0x0019,
};
const UDP = 17;
const INTEGRITY_BYTES = 24;
const ANSWER_MS = 5000;

interface Answer {
  type: number;
  attributes: Map<number, Buffer>;
}

export type Allocation = { relayedPort: number } | { errorCode: number };

/** Asks for a relayed address with long-term credentials (RFC 8656, 7; RFC 8489, 9.2). */
export async function allocate({
  port,
  username,
  credential,
}: {
  port: number;
  username: string;
  credential: string;
}): Promise<Allocation> {
  const transport = attribute(ATTRIBUTE.requestedTransport, Buffer.from([UDP, 0, 0, 0]));
  // The relayed address belongs to one client port, so both questions come from the same.
  const socket = createSocket('udp4');
  try {
    const first = await ask({ socket, port }, message(TYPE.allocate, [transport]));
    const [realm, nonce] = [first.attributes.get(ATTRIBUTE.realm), first.attributes.get(ATTRIBUTE.nonce)];
    if (realm === undefined || nonce === undefined) throw new Error('the TURN server asked for no credentials');
    const attributes = [
      transport,
      attribute(ATTRIBUTE.username, Buffer.from(username)),
      attribute(ATTRIBUTE.realm, realm),
      attribute(ATTRIBUTE.nonce, nonce),
    ];
    const key = createHash('md5').update(`${username}:${realm.toString()}:${credential}`).digest();
    const answer = await ask({ socket, port }, signed(message(TYPE.allocate, attributes), key));
    const relayed = answer.attributes.get(ATTRIBUTE.relayedAddress);
    if (answer.type === TYPE.allocated && relayed !== undefined)
      return { relayedPort: relayed.readUInt16BE(2) ^ (MAGIC >>> 16) };
    const error = answer.attributes.get(ATTRIBUTE.errorCode);
    return { errorCode: error === undefined ? 0 : error.readUInt8(2) * 100 + error.readUInt8(3) };
  } finally {
    socket.close();
  }
}

function message(type: number, attributes: readonly Buffer[]): Buffer {
  const body = Buffer.concat(attributes);
  const header = Buffer.alloc(20);
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(body.length, 2);
  header.writeUInt32BE(MAGIC, 4);
  randomBytes(12).copy(header, 8);
  return Buffer.concat([header, body]);
}

/** The length in the header counts the integrity that is computed over it (RFC 8489, 14.5). */
function signed(unsigned: Buffer, key: Buffer): Buffer {
  unsigned.writeUInt16BE(unsigned.length - 20 + INTEGRITY_BYTES, 2);
  const mac = createHmac('sha1', key).update(unsigned).digest();
  return Buffer.concat([unsigned, attribute(ATTRIBUTE.integrity, mac)]);
}

function attribute(type: number, value: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt16BE(type, 0);
  header.writeUInt16BE(value.length, 2);
  return Buffer.concat([header, value, Buffer.alloc(-value.length & 3)]);
}

function ask(
  { socket, port }: { socket: ReturnType<typeof createSocket>; port: number },
  request: Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer from UDP port ${port}`)), ANSWER_MS);
    const done = (act: () => void): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      act();
    };
    socket.on('message', (bytes) => {
      if (bytes.subarray(8, 20).equals(request.subarray(8, 20))) done(() => resolve(parse(bytes)));
    });
    socket.on('error', (error) => done(() => reject(error)));
    socket.send(request, port, '127.0.0.1');
  });
}

function parse(bytes: Buffer): Answer {
  const attributes = new Map<number, Buffer>();
  for (let at = 20; at + 4 <= bytes.length;) {
    const length = bytes.readUInt16BE(at + 2);
    attributes.set(bytes.readUInt16BE(at), bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length + (-length & 3);
  }
  return { type: bytes.readUInt16BE(0), attributes };
}
