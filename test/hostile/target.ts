import { readdirSync, readFileSync } from 'node:fs';
import net from 'node:net';
import { fileURLToPath } from 'node:url';
import type { MediaLimits, MediaPorts } from '@kaibo/media';
import { HttpFlvPlayer } from '../support/flv-client.ts';
import { Program } from '../support/program.ts';
import { RtmpClient } from '../support/rtmp-client.ts';
import { until } from '../support/until.ts';

const FRAME_MS = 40;
const KEY_EVERY = 25;
const PAGE_BYTES = 4096;

/** A coded frame that carries its number. */
export function numberedFrame(number: number, { isKey, bytes = 500 }: { isKey: boolean; bytes?: number }): Buffer {
  const frame = Buffer.alloc(bytes);
  frame.writeUInt8(isKey ? 0x17 : 0x27, 0);
  frame.writeUInt8(1, 1);
  frame.writeUInt32BE(number, 5);
  return frame;
}

export const AVC_CONFIG = Buffer.from(
  '17000000000142c01fffe10019' + '6742c01fd9005005bb011000000300100000030320f1832480' + '01000468cb8cb2',
  'hex',
);
const METADATA = Buffer.from(
  '02000a6f6e4d65746144617461030' + '00c766964656f636f6465636964004' + '01c000000000000' + '000009',
  'hex',
);

/** The media server under attack, with one healthy publisher and viewer that must notice nothing. */
export class Target {
  readonly ports: MediaPorts;
  readonly program: Program;
  #publisher: RtmpClient;
  #player: HttpFlvPlayer;
  #sent = 0;
  #timer: NodeJS.Timeout;

  private constructor(
    program: Program,
    ports: MediaPorts,
    peers: { publisher: RtmpClient; streamId: number; player: HttpFlvPlayer; sent: number },
  ) {
    this.program = program;
    this.ports = ports;
    this.#publisher = peers.publisher;
    this.#player = peers.player;
    this.#sent = peers.sent;
    this.#timer = setInterval(() => {
      const payload = numberedFrame(this.#sent, { isKey: this.#sent % KEY_EVERY === 0 });
      this.#publisher.sendMedia(peers.streamId, { type: 'video', timestamp: this.#sent * FRAME_MS, payload });
      this.#sent++;
    }, FRAME_MS);
  }

  static async start(limits: Partial<MediaLimits> = {}): Promise<Target> {
    const program = Program.start(process.execPath, [
      fileURLToPath(new URL('./media-child.ts', import.meta.url)),
      JSON.stringify(limits),
    ]);
    const [, json = ''] = await program.saw(/ready (\{.*\})/);
    const ports = JSON.parse(json) as MediaPorts;
    const publisher = await RtmpClient.connect({ port: ports.rtmp });
    publisher.setChunkSize(4096);
    const { streamId } = await publisher.publish('healthy');
    publisher.sendMedia(streamId, { type: 'data', timestamp: 0, payload: METADATA });
    publisher.sendMedia(streamId, { type: 'video', timestamp: 0, payload: AVC_CONFIG });
    publisher.sendMedia(streamId, { type: 'video', timestamp: 0, payload: numberedFrame(0, { isKey: true }) });
    const player = await HttpFlvPlayer.open({ port: ports.http, path: '/live/healthy.flv' });
    await player.received(2);
    return new Target(program, ports, { publisher, streamId, player, sent: 1 });
  }

  /** The process runs, and the healthy viewer has every frame that the healthy publisher sent. */
  async unharmed(): Promise<void> {
    const wanted = this.#sent;
    const numbers = await until(
      () => {
        if (!this.program.isRunning) throw new Error(`the server ended:\n${this.program.output}`);
        if (this.#player.malformed) throw this.#player.malformed;
        const frames = this.#player.flv.tags.filter(({ type, body }) => type === 'video' && body[1] === 1);
        const seen = frames.map(({ body }) => body.readUInt32BE(5));
        return (seen.at(-1) ?? -1) >= wanted && seen;
      },
      { what: `frame ${wanted} at the healthy viewer` },
    );
    const lost = numbers.findIndex((number, index) => number !== index);
    if (lost >= 0) throw new Error(`the healthy viewer got frame ${numbers[lost]} in the place of ${lost}`);
  }

  /** Of the whole process: its workers are threads. */
  rssBytes(): number {
    const [, pages = '0'] = readFileSync(`/proc/${this.program.child.pid}/statm`, 'latin1').split(' ');
    return Number(pages) * PAGE_BYTES;
  }

  /** What the media threads' heaps hold, garbage collected. */
  async liveHeapBytes(): Promise<number> {
    const from = this.program.output.length;
    this.program.child.stdin?.write('heap\n');
    const found = await until(() => /heap (\d+)\./.exec(this.program.output.slice(from)) ?? undefined, {
      timeoutMs: 30_000,
      what: 'the size of the heap',
    });
    return Number(found[1]);
  }

  handles(): number {
    return readdirSync(`/proc/${this.program.child.pid}/fd`).length;
  }

  /** What was open for the attacker is closed again. */
  async handlesBack(before: number): Promise<void> {
    await until(() => this.handles() <= before, { what: `${before} handles, not ${this.handles()}` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#player.close();
    this.#publisher.close();
    await this.program.stop();
  }
}

/** Sends bytes and gathers what comes until the server closes. Rejects when it never does. */
export async function lastWords(port: number, bytes: Buffer | string, { timeoutMs = 10_000 } = {}): Promise<Buffer> {
  const socket = net.connect(port, '127.0.0.1');
  const received: Buffer[] = [];
  let isClosed = false;
  socket.on('data', (piece: Buffer) => received.push(piece));
  socket.on('error', () => {});
  socket.on('close', () => (isClosed = true));
  socket.write(bytes);
  try {
    await until(() => isClosed, { timeoutMs, what: `the server to close after ${bytes.length} bytes` });
    return Buffer.concat(received);
  } finally {
    socket.destroy();
  }
}

/** The status of an HTTP answer, and its JSON, if it has any. */
export function httpAnswer(bytes: Buffer): { status: number; code: unknown } {
  const [head = '', body = ''] = bytes.toString('latin1').split('\r\n\r\n');
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]);
  const json = /\{.*\}/.exec(body)?.[0];
  return { status, code: json === undefined ? undefined : (JSON.parse(json) as { code?: unknown }).code };
}
