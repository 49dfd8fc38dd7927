import type { Caller } from './caller.ts';
import { localError } from './errors.ts';

/** A server to which events are posted. Times are ms since the epoch. */
export interface Webhook {
  id: string;
  /** Of every room, not of the caller's own. */
  platform: boolean;
  url: string;
  /** Names of events, all of a kind (`gift.*`), or all but those of the chat (`*`). */
  events: string[];
  enabled: boolean;
  /** Nothing arrived since then. */
  failingSince?: number;
  /** When it was switched off, having failed for three days. */
  givenUpAt?: number;
  createdAt: number;
}

export interface WebhookInput {
  url: string;
  events: string[];
  /** For administrators. */
  platform?: boolean;
}

export interface WebhookDelivery {
  id: string;
  event: string;
  /** Deliveries of one channel go out one after the other. */
  channel: string;
  /** `dead` was given up after a day of tries, or because too much waited behind it. */
  state: 'pending' | 'delivered' | 'dead';
  attempts: number;
  nextAt?: number;
  /** `http_STATUS`, `timeout`, `connection_failed`, `host_not_found`, `address_refused`, `too_many_waiting`. */
  lastError?: string;
  createdAt: number;
  doneAt?: number;
}

export interface WebhookDeliveryPage {
  /** The newest first. */
  deliveries: WebhookDelivery[];
  /** The `before` of the next page, if there is one. */
  next?: string;
}

/** The body of a delivery. */
export interface WebhookEvent {
  /** Of the event: the same for every webhook and every try. */
  id: string;
  event: string;
  channel: string;
  /** ms since the epoch. */
  at: number;
  data: unknown;
}

/** Webhooks: what other programs are told. */
export class WebhooksApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  list({ platform }: { platform?: boolean } = {}): Promise<Webhook[]> {
    return this.#caller.json('/api/webhooks', { query: { platform: platform === true ? 'true' : undefined } });
  }

  get(id: string): Promise<Webhook> {
    return this.#caller.json(pathOf(id));
  }

  /** The secret is shown this once. */
  create(input: WebhookInput): Promise<Webhook & { secret: string }> {
    return this.#caller.json('/api/webhooks', { method: 'POST', body: input });
  }

  update(id: string, input: { url?: string; events?: string[]; enabled?: boolean }): Promise<Webhook> {
    return this.#caller.json(pathOf(id), { method: 'PATCH', body: input });
  }

  async remove(id: string): Promise<void> {
    await this.#caller.send(pathOf(id), { method: 'DELETE' });
  }

  /** The one before signs no more. */
  rotateSecret(id: string): Promise<Webhook & { secret: string }> {
    return this.#caller.json(`${pathOf(id)}/secret`, { method: 'POST' });
  }

  /** Delivers a `ping`. */
  test(id: string): Promise<WebhookDelivery> {
    return this.#caller.json(`${pathOf(id)}/test`, { method: 'POST' });
  }

  deliveries(
    id: string,
    query: { state?: WebhookDelivery['state']; before?: string; limit?: number } = {},
  ): Promise<WebhookDeliveryPage> {
    return this.#caller.json(`${pathOf(id)}/deliveries`, { query });
  }

  /** These again, or everything that was given up. Answers how many. */
  async replay(id: string, ids?: readonly string[]): Promise<number> {
    const body = ids === undefined ? undefined : { ids };
    return (await this.#caller.json<{ replayed: number }>(`${pathOf(id)}/replay`, { method: 'POST', body })).replayed;
  }
}

/** How old a signature may be, and how far a clock may be ahead. */
const TOLERANCE_MS = 5 * 60_000;

/**
 * For whoever receives webhooks, in Node or any runtime with WebCrypto: proves that a request is the platform's and
 * fresh, and answers its event. `header` is `X-Kaibo-Signature`, `body` the request's body to the byte.
 * @throws KaiboError `bad_signature`
 */
export async function verifyWebhook({
  secret,
  header,
  body,
  toleranceMs = TOLERANCE_MS,
  nowMs = Date.now(),
}: {
  secret: string;
  header: string;
  body: string;
  toleranceMs?: number;
  nowMs?: number;
}): Promise<WebhookEvent> {
  const [, seconds, signature] = /^t=(\d{1,12}),v1=([0-9a-f]{64})$/.exec(header) ?? [];
  if (seconds === undefined || signature === undefined) throw badSignature('The signature header cannot be read.');
  if (Math.abs(nowMs - Number(seconds) * 1000) > toleranceMs) throw badSignature('The signature is too old.');
  const encoder = new TextEncoder();
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), algorithm, false, ['verify']);
  const bytes = Uint8Array.from(signature.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  // Compares in constant time.
  const isRight = await crypto.subtle.verify('HMAC', key, bytes, encoder.encode(`${seconds}.${body}`));
  if (!isRight) throw badSignature('The signature is not of this body and secret.');
  return JSON.parse(body) as WebhookEvent;
}

function badSignature(message: string): Error {
  return localError('bad_signature', message);
}

function pathOf(id: string): string {
  return `/api/webhooks/${encodeURIComponent(id)}`;
}
