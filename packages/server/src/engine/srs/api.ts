import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import { clientsSchema, plainSchema, streamsSchema, versionsSchema, type SrsClient, type SrsStream } from './shape.ts';

/** Of a list; SRS gives 10 where nothing is said. */
const PAGE = 500;
/** Streams or clients of one server that are looked at. */
const MAX_ITEMS = 100_000;
const MAX_REPLY_BYTES = 8 * 1024 * 1024;
/** ERROR_RTMP_CLIENT_NOT_FOUND (srs_kernel_error.hpp): it is gone already. */
const CLIENT_NOT_FOUND = 2049;
/** After a call that could not be sent again or was cut: once more, for what may be asked twice. */
const RETRY_MS = 100;

/** SRS does not answer, or not as SRS does. Without the address, which may hold a password. */
export class SrsApiError extends Error {
  readonly code = 'srs_api_failed';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SrsApiError';
  }
}

export interface SrsApiOptions {
  /** `http://HOST:1985`, also with a path. */
  url: string;
  /** `http_api.auth` of SRS. */
  user: string;
  password: string | undefined;
  /** For one call. */
  timeoutMs: number;
}

/** Who answered: `service` is new with each start of SRS. */
export interface SrsIdentity {
  server: string;
  service: string;
}

/** One SRS's HTTP API (https://ossrs.io/lts/en-us/docs/v7/doc/http-api): lists and kick. */
export class SrsApi {
  readonly #base: string;
  readonly #headers: Record<string, string>;
  readonly #timeoutMs: number;

  constructor({ url, user, password, timeoutMs }: SrsApiOptions) {
    this.#base = url.replace(/\/+$/, '');
    this.#headers =
      password === undefined ? {} : { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
    this.#timeoutMs = timeoutMs;
  }

  /** Without a slash at its end. */
  get url(): string {
    return this.#base;
  }

  /** The header's value. */
  get authorization(): string | undefined {
    return this.#headers['authorization'];
  }

  async version(): Promise<SrsIdentity & { version: string }> {
    const { server, service, data } = await this.#call('GET', '/api/v1/versions', versionsSchema);
    return { server, service, version: data.version };
  }

  /** Every stream, as long as nothing comes or goes meanwhile; one that does may be missing or stand twice. */
  async streams(): Promise<SrsIdentity & { streams: SrsStream[] }> {
    return this.#pages(async (query) => {
      const { streams: items, ...identity } = await this.#call('GET', `/api/v1/streams/${query}`, streamsSchema);
      return { identity, items };
    }).then(({ items, identity }) => ({ ...identity, streams: items }));
  }

  /** The same for clients: publishers and viewers. */
  async clients(): Promise<SrsIdentity & { clients: SrsClient[] }> {
    return this.#pages(async (query) => {
      const { clients: items, ...identity } = await this.#call('GET', `/api/v1/clients/${query}`, clientsSchema);
      return { identity, items };
    }).then(({ items, identity }) => ({ ...identity, clients: items }));
  }

  /** Closes a connection. False when there is none with this id. */
  async kick(clientId: string): Promise<boolean> {
    const path = `/api/v1/clients/${encodeURIComponent(clientId)}`;
    const { code } = await this.#call('DELETE', path, plainSchema, [CLIENT_NOT_FOUND]);
    return code === 0;
  }

  async #pages<Item>(
    read: (query: string) => Promise<{ identity: SrsIdentity; items: Item[] }>,
  ): Promise<{ identity: SrsIdentity; items: Item[] }> {
    const all: Item[] = [];
    for (;;) {
      const { identity, items } = await read(`?start=${all.length}&count=${PAGE}`);
      all.push(...items);
      if (items.length < PAGE || all.length >= MAX_ITEMS) return { identity, items: all };
    }
  }

  async #call<Schema extends z.ZodType<{ code: number }>>(
    method: 'GET' | 'DELETE',
    path: string,
    schema: Schema,
    expected: readonly number[] = [],
  ): Promise<z.output<Schema>> {
    const reply = schema.safeParse(await this.#json(method, path));
    if (!reply.success) throw new SrsApiError('SRS answers in a shape that is not known');
    const { code } = reply.data;
    if (code !== 0 && !expected.includes(code)) throw new SrsApiError(`SRS answers with code ${code}`);
    return reply.data;
  }

  async #json(method: 'GET' | 'DELETE', path: string): Promise<unknown> {
    const signal = AbortSignal.timeout(this.#timeoutMs);
    try {
      return await this.#once(method, path, signal);
    } catch (error) {
      // SRS closes connections without a word when it is busy; both calls may be made twice.
      if (error instanceof SrsApiError || signal.aborted) throw asApiError(error);
      await delay(RETRY_MS);
      try {
        return await this.#once(method, path, signal);
      } catch (second) {
        throw asApiError(second);
      }
    }
  }

  async #once(method: string, path: string, signal: AbortSignal): Promise<unknown> {
    const response = await fetch(this.#base + path, {
      method,
      headers: this.#headers,
      signal,
      redirect: 'error',
    });
    if (response.status === 401) throw new SrsApiError('SRS refuses the user and password of its API (http_api.auth)');
    const text = await bounded(response);
    if (!response.ok) throw new SrsApiError(`SRS answers with status ${response.status}`);
    try {
      return JSON.parse(text);
    } catch {
      throw new SrsApiError('SRS answers something that is not JSON');
    }
  }
}

function asApiError(error: unknown): SrsApiError {
  if (error instanceof SrsApiError) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined;
  const reason = cause !== undefined && 'code' in cause ? String(cause.code) : error instanceof Error ? error.name : '';
  return new SrsApiError(`SRS does not answer (${reason})`);
}

async function bounded({ body }: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body ?? []) {
    bytes += part.length;
    if (bytes > MAX_REPLY_BYTES) throw new SrsApiError(`SRS answers more than ${MAX_REPLY_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}
