import { KaiboError, localError } from './errors.ts';

export interface HttpOptions {
  /** Without a slash at the end; empty for the page's own origin. */
  baseUrl: string;
  fetch: typeof globalThis.fetch;
  /** Asked at each request, because a person may change the language at any time. */
  acceptLanguage: () => string | undefined;
}

export interface HttpRequest {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  body?: unknown;
  /** Sent as they are, instead of a body. */
  bytes?: Blob | Uint8Array<ArrayBuffer>;
  query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** An access token or API key. */
  bearer?: string | undefined;
  /** The right to one room, beside whoever asks. */
  ownerToken?: string | undefined;
  ifNoneMatch?: string | undefined;
  lastEventId?: string | undefined;
  /** The same key is the same operation, where money is moved. */
  idempotencyKey?: string | undefined;
  accept?: string;
  /** Sent as it is where `fetch` keeps no cookies of its own. */
  cookie?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** One request; answers 2xx and 304 are returned, everything else is thrown as a `KaiboError`. */
export async function send(options: HttpOptions, path: string, request: HttpRequest = {}): Promise<Response> {
  let response: Response;
  try {
    response = await options.fetch(options.baseUrl + path + queryString(request.query), {
      method: request.method ?? 'GET',
      headers: headersOf(options, request),
      credentials: 'same-origin',
      ...bodyOf(request),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
  } catch (cause) {
    throw localError('network', 'network error', cause);
  }
  if (response.ok || response.status === 304) return response;
  throw await errorOf(response);
}

/** The JSON body of a successful answer. */
export async function readJson<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch (cause) {
    throw new KaiboError({ code: `http_${response.status}`, status: response.status, message: 'not JSON', cause });
  }
}

/** `?a=1&b=2`, or nothing. Empty and absent values are left out. */
export function queryString(query: HttpRequest['query'] = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') params.set(name, String(value));
  }
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

function bodyOf({ body, bytes }: HttpRequest): { body?: BodyInit } {
  if (bytes !== undefined) return { body: bytes };
  return body === undefined ? {} : { body: JSON.stringify(body) };
}

function headersOf(options: HttpOptions, request: HttpRequest): Headers {
  const headers = new Headers({ accept: request.accept ?? 'application/json' });
  const set = (name: string, value: string | undefined): void => {
    if (value !== undefined && value !== '') headers.set(name, value);
  };
  set('accept-language', options.acceptLanguage());
  if (request.bytes !== undefined) headers.set('content-type', typeOf(request.bytes));
  else set('content-type', request.body === undefined ? undefined : 'application/json');
  set('authorization', request.bearer === undefined ? undefined : `Bearer ${request.bearer}`);
  set('x-owner-token', request.ownerToken);
  set('if-none-match', request.ifNoneMatch);
  set('last-event-id', request.lastEventId);
  set('idempotency-key', request.idempotencyKey);
  set('cookie', request.cookie);
  return headers;
}

function typeOf(bytes: Blob | Uint8Array): string {
  return (bytes instanceof Blob && bytes.type) || 'application/octet-stream';
}

/** What a refusal says, in whatever shape it comes. */
export async function errorOf(response: Response): Promise<KaiboError> {
  const body: unknown = await response.json().catch(() => null);
  const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  return new KaiboError({
    status: response.status,
    code: typeof fields.code === 'string' ? fields.code : `http_${response.status}`,
    message: typeof fields.error === 'string' ? fields.error : `HTTP ${response.status}`,
    requestId: typeof fields.requestId === 'string' ? fields.requestId : undefined,
    retryAfterMs: retryAfterOf(response.headers.get('retry-after')),
  });
}

/** RFC 9110, 10.2.3: seconds or a date. */
function retryAfterOf(header: string | null): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - Date.now());
}
