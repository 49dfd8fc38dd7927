import type { EnginePoster } from '../../engine/contract.ts';
import { reasonOf } from '../../database/errors.ts';
import { AppError } from '../gateway/contract.ts';
import type { CallTokens } from './call-token.ts';
import { nodesSchema, type DrainOrder, type NodeView } from './contract.ts';

const TIMEOUT_MS = 3000;

/** Paths that nodes ask each other by. */
export const CALLS = {
  nodes: '/api/internal/nodes',
  drain: (id: string) => `/api/internal/nodes/${encodeURIComponent(id)}/drain`,
  undrain: (id: string) => `/api/internal/nodes/${encodeURIComponent(id)}/undrain`,
  yield: (playId: string, credential: string) =>
    `/api/internal/streams/${encodeURIComponent(playId)}/yield?credential=${encodeURIComponent(credential)}`,
  poster: (playId: string) => `/api/internal/streams/${encodeURIComponent(playId)}/poster`,
} as const;

/** When a picture was so, ms since the epoch. */
export const POSTER_AT = 'x-kaibo-at';

/** Questions to one node. @throws AppError node_unavailable where there is no answer, or one that says no. */
export class NodeCalls {
  readonly #tokens: CallTokens;

  constructor(tokens: CallTokens) {
    this.#tokens = tokens;
  }

  /** All nodes, as that one knows them. */
  async nodes(api: string): Promise<NodeView[]> {
    const response = await this.#call(api, { method: 'GET', path: CALLS.nodes });
    return nodesSchema.parse(await response.json()).nodes;
  }

  /** `id` may be of any node: who is asked passes it on. @throws AppError node_not_found */
  async drain(api: string, id: string, order: DrainOrder): Promise<void> {
    await this.#call(api, { method: 'POST', path: CALLS.drain(id), body: order });
  }

  async undrain(api: string, id: string): Promise<void> {
    await this.#call(api, { method: 'POST', path: CALLS.undrain(id), body: {} });
  }

  async yieldStream(api: string, { playId, credential }: { playId: string; credential: string }): Promise<boolean> {
    const response = await this.#call(api, { method: 'POST', path: CALLS.yield(playId, credential), body: {} });
    return ((await response.json()) as { yielded: boolean }).yielded;
  }

  async poster(api: string, playId: string): Promise<EnginePoster | undefined> {
    const response = await this.#call(api, { method: 'GET', path: CALLS.poster(playId) });
    if (response.status === 204) return undefined;
    return { jpeg: Buffer.from(await response.arrayBuffer()), atMs: Number(response.headers.get(POSTER_AT)) };
  }

  async #call(
    api: string,
    { method, path, body }: { method: 'GET' | 'POST'; path: string; body?: object },
  ): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(api + path, {
        method,
        headers: {
          authorization: this.#tokens.make(method, path),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      throw new AppError('node_unavailable', {
        reason: reasonOf(error instanceof Error ? (error.cause ?? error) : error),
      });
    }
    if (response.status === 404) throw new AppError('node_not_found');
    if (!response.ok) throw new AppError('node_unavailable', { reason: `HTTP ${response.status}` });
    return response;
  }
}
