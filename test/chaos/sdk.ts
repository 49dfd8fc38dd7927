import { join } from 'node:path';

/** What the tests use of the SDK, by its real source: its own types want a browser's, which the rest of the tests must not have. */
interface Sdk {
  KaiboClient: new (options: { baseUrl: string; fetch?: typeof fetch }) => SdkClient;
  KaiboError: new (...args: never[]) => Error & { code: string; status: number };
  newKey(): string;
}

export type SdkTransport = 'websocket' | 'sse' | 'polling';

export interface SdkRoom {
  id: string;
  playId: string;
  status: string;
  playUrls: { flv?: string };
  publishUrls?: { rtmp?: string };
}

export type SdkMessage = { kind: 'snapshot'; data: unknown } | { kind: 'event'; event: string; data: unknown };

interface SdkRealtimeOptions {
  transport: SdkTransport;
  backoff: { minMs: number; maxMs: number };
  requestTimeoutMs: number;
  pingIntervalMs?: number;
  pongTimeoutMs?: number;
}

export interface SdkRealtime {
  subscribe(channel: string, listener: (message: SdkMessage) => void, options: { vid?: string }): () => void;
  close(): void;
}

export interface SdkClient {
  auth: { register(input: { username: string; password: string }): Promise<{ user: { id: string } }> };
  wallet: { credit(userId: string, input: { amount: number }): Promise<unknown> };
  rooms: { create(input: { title: string }): Promise<SdkRoom>; get(id: string): Promise<SdkRoom> };
  gifts: {
    send(
      roomId: string,
      input: { giftId: string; count: number; price: number },
      options: { key: string },
    ): Promise<{ id: string }>;
  };
  createViewer(): Promise<{ vid: string }>;
  realtime(options: SdkRealtimeOptions): SdkRealtime;
}

const source = join(import.meta.dirname, '../../packages/client/src/index.ts');

export const { KaiboClient, KaiboError, newKey } = (await import(source)) as Sdk;
