import { KaiboError } from './errors.ts';

export interface HttpOptions {
  baseUrl: string;
  fetch: typeof globalThis.fetch;
  /** Asked at each request, because a person may change the language at any time. */
  acceptLanguage: () => string | undefined;
}

export interface HttpRequest {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  body?: unknown;
  bearer?: string | undefined;
  ifNoneMatch?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** One request; answers 2xx and 304 are returned, everything else is thrown as a `KaiboError`. */
export async function send(options: HttpOptions, path: string, request: HttpRequest = {}): Promise<Response> {
  let response: Response;
  try {
    response = await options.fetch(options.baseUrl + path, {
      method: request.method ?? 'GET',
      headers: headersOf(options, request),
      credentials: 'same-origin',
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
  } catch (cause) {
    throw new KaiboError({ code: 'network', status: 0, message: 'network error', cause });
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

function headersOf(options: HttpOptions, request: HttpRequest): Headers {
  const headers = new Headers({ accept: 'application/json' });
  const language = options.acceptLanguage();
  if (language !== undefined) headers.set('accept-language', language);
  if (request.body !== undefined) headers.set('content-type', 'application/json');
  if (request.bearer !== undefined) headers.set('authorization', `Bearer ${request.bearer}`);
  if (request.ifNoneMatch !== undefined) headers.set('if-none-match', request.ifNoneMatch);
  return headers;
}

async function errorOf(response: Response): Promise<KaiboError> {
  const body: unknown = await response.json().catch(() => null);
  const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  return new KaiboError({
    status: response.status,
    code: typeof fields.code === 'string' ? fields.code : `http_${response.status}`,
    message: typeof fields.error === 'string' ? fields.error : `HTTP ${response.status}`,
    ...(typeof fields.requestId === 'string' ? { requestId: fields.requestId } : {}),
  });
}
