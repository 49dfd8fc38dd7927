import { KaiboError, localError } from '../errors.ts';
import { errorOf } from '../http.ts';
import { iceServersOf } from './link-header.ts';

/** A session at a WHIP or WHEP endpoint (RFC 9725, 4.2). */
export interface SdpResource {
  answer: string;
  /** For PATCH and DELETE; absent when the server named none. */
  url: string | undefined;
  etag: string | undefined;
  iceServers: RTCIceServer[];
}

export interface PostOfferOptions {
  url: string;
  sdp: string;
  fetch: typeof globalThis.fetch;
  timeoutMs: number;
  signal: AbortSignal;
}

const MAX_ANSWER_CHARACTERS = 65_536;
/** A DELETE is a courtesy: nobody waits longer for its answer. */
const DELETE_TIMEOUT_MS = 1000;

/**
 * Sends an offer and takes the answer. A KaiboError tells what the server refused (its code and status), `network`
 * without an answer, `timeout`, `closed` when the signal ended it, or `bad_answer` for what is no SDP.
 */
export async function postOffer({ url, sdp, fetch, timeoutMs, signal }: PostOfferOptions): Promise<SdpResource> {
  const deadline = new AbortController();
  const end = (): void => deadline.abort();
  const timer = setTimeout(end, timeoutMs);
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp', accept: 'application/sdp' },
      body: sdp,
      signal: deadline.signal,
    });
    if (!response.ok) throw await errorOf(response);
    return resourceOf(response, { url, answer: await response.text() });
  } catch (cause) {
    if (signal.aborted) throw localError('closed', 'closed', cause);
    if (deadline.signal.aborted) throw localError('timeout', 'the server did not answer in time', cause);
    throw cause instanceof KaiboError ? cause : localError('network', 'network error', cause);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

function resourceOf(response: Response, { url, answer }: { url: string; answer: string }): SdpResource {
  if (!answer.startsWith('v=0') || answer.length > MAX_ANSWER_CHARACTERS) {
    throw localError('bad_answer', 'the server answered with something else than SDP');
  }
  const location = response.headers.get('location');
  // A redirect was followed: what is relative is relative to where it ended.
  const base = response.url || url;
  return {
    answer,
    url: location === null ? undefined : new URL(location, base).href,
    etag: response.headers.get('etag') ?? undefined,
    iceServers: iceServersOf(response.headers.get('link')),
  };
}

/** Ends the session at the server. Whatever comes back, the server notices the silence too. Never rejects. */
export async function deleteResource(
  resource: SdpResource,
  { fetch, keepalive = false }: { fetch: typeof globalThis.fetch; keepalive?: boolean },
): Promise<void> {
  if (resource.url === undefined) return;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), DELETE_TIMEOUT_MS);
  try {
    const signal = keepalive ? {} : { signal: deadline.signal };
    await fetch(resource.url, { method: 'DELETE', keepalive, ...signal });
  } catch {
    // The session ends by itself when nothing comes over it any more.
  } finally {
    clearTimeout(timer);
  }
}

/** Candidates of ours that were found after the offer (RFC 9725, 4.3.1). Rejects with what the server refused. */
export async function patchFragment(
  resource: SdpResource,
  { fetch, fragment, signal }: { fetch: typeof globalThis.fetch; fragment: string; signal: AbortSignal },
): Promise<void> {
  if (resource.url === undefined) return;
  const response = await fetch(resource.url, {
    method: 'PATCH',
    headers: {
      'content-type': 'application/trickle-ice-sdpfrag',
      ...(resource.etag === undefined ? {} : { 'if-match': resource.etag }),
    },
    body: fragment,
    signal,
  });
  if (!response.ok) throw await errorOf(response);
}
