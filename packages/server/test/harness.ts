import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';
import { defaultConfig, type Config } from '../src/app/config.ts';
import { startKaibo, type Kaibo, type KaiboDeps } from '../src/app/kaibo.ts';
import { createLogger } from '../src/app/logger.ts';
import type { Room } from '../src/modules/live/contract.ts';
import { FakeEngine } from './fake-engine.ts';

export type OwnedRoom = Room & { ownerToken: string; streamKey: string };

export interface TestKaibo {
  kaibo: Kaibo;
  engine: FakeEngine;
  base: string;
  /** Every log line so far. */
  log: string[];
  call(path: string, init?: CallInit): Promise<Answer>;
  create(input?: Record<string, unknown>, headers?: Record<string, string>): Promise<OwnedRoom>;
  room(id: string): Promise<Room>;
}

export interface CallInit {
  method?: string;
  body?: unknown;
  /** Sent as it is, with the JSON type. */
  raw?: string;
  headers?: Record<string, string>;
}

export interface Answer {
  status: number;
  headers: Headers;
  // A test looks into answers freely; what it expects is its check.
  body: Record<string, unknown> & { code?: string; error?: string };
  text: string;
}

export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kaibo-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function testConfig(dataDir: string, change: (config: Config) => void = () => {}): Config {
  const config = defaultConfig();
  config.dataDir = dataDir;
  config.host = '127.0.0.1';
  config.http.port = 0;
  config.https.port = 0;
  config.metrics.port = 0;
  // Many tests share few cores; refusing work when late has tests of its own.
  config.limits.eventLoopDelayMs = 60_000;
  // Nothing outside is asked.
  config.lottery.beacon = 'delay';
  // How full the test machine is does not matter.
  config.recording.minFreeBytes = 0;
  config.files.minFreeBytes = 0;
  config.log.level = 'trace';
  config.log.format = 'json';
  change(config);
  return config;
}

/** The whole platform on free ports around a fake engine, stopped when the test ends. */
export async function startTest(
  options: { dataDir?: string; change?: (config: Config) => void } & Pick<
    KaiboDeps,
    'realtime' | 'roster' | 'webDirectory' | 'now' | 'authenticator' | 'users' | 'state' | 'database'
  > = {},
): Promise<TestKaibo> {
  const { dataDir = tempFolder(), change, ...rest } = options;
  const config = testConfig(dataDir, change);
  const log: string[] = [];
  const { logger, lines } = createLogger(config.log, { write: (line) => log.push(line) });
  const engine = new FakeEngine();
  const kaibo = await startKaibo({ config, logger, logLines: lines, engine, ...rest });
  onTestFinished(() => kaibo.stop());
  const base = `http://localhost:${kaibo.ports.http}`;
  const call: TestKaibo['call'] = (path, init) => request(base + path, init);
  return {
    kaibo,
    engine,
    base,
    log,
    call,
    create: async (input, headers) => {
      const all = { title: '测试直播间', ...input };
      const { status, body } = await call('/api/rooms', { method: 'POST', body: all, headers });
      if (status !== 201) throw new Error(`creating a room answered ${status} ${JSON.stringify(body)}`);
      return body as unknown as OwnedRoom;
    },
    room: async (id) => (await call(`/api/rooms/${id}`)).body as unknown as Room,
  };
}

export async function request(
  url: string,
  { method = 'GET', body, raw, headers = {} }: CallInit = {},
): Promise<Answer> {
  const text = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const type: Record<string, string> = text === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(url, { method, body: text, headers: { ...type, ...headers } });
  const answer = await response.text();
  let parsed: unknown;
  try {
    parsed = JSON.parse(answer);
  } catch {
    parsed = {};
  }
  return { status: response.status, headers: response.headers, body: parsed as Answer['body'], text: answer };
}

export const owner = ({ ownerToken }: OwnedRoom): Record<string, string> => ({ authorization: `Bearer ${ownerToken}` });

/** `?key=…` of a room's stream key. */
export const keyOf = ({ streamKey }: OwnedRoom): string => streamKey.slice(streamKey.indexOf('?'));

export interface Message {
  type: string;
  channel?: string;
  event?: string;
  offset?: number;
  epoch?: string;
  recovered?: boolean;
  id?: string | number;
  code?: string;
  // As in Answer.
  data?: unknown;
}

export interface TestSocket {
  socket: WebSocket;
  messages: Message[];
  closed: Promise<{ code: number; reason: string }>;
  send(message: unknown): void;
  /** The first message, of those not yet taken, that fits. */
  next(fits: (message: Message) => boolean): Promise<Message>;
}

export async function connect(base: string, options: ClientOptions = {}, path = '/ws'): Promise<TestSocket> {
  const socket = new WebSocket(base.replace('http', 'ws') + path, options);
  const messages: Message[] = [];
  let wake = Promise.withResolvers<void>();
  socket.on('message', (data) => {
    messages.push(JSON.parse(String(data)) as Message);
    wake.resolve();
    wake = Promise.withResolvers();
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => {});
  onTestFinished(() => socket.terminate());
  return {
    socket,
    messages,
    closed,
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    next: async (fits) => {
      const deadline = AbortSignal.timeout(5000);
      for (;;) {
        const index = messages.findIndex(fits);
        if (index >= 0) return messages.splice(0, index + 1)[index] ?? { type: 'none' };
        if (deadline.aborted) throw new Error(`no such message among ${JSON.stringify(messages)}`);
        const late = new Promise((resolve) => setTimeout(resolve, 200));
        await Promise.race([wake.promise, late]);
      }
    },
  };
}
