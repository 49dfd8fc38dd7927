import { patchFragment } from './sdp-exchange.ts';
import type { SdpResource } from './sdp-exchange.ts';

/** Of one session. A browser finds fewer. */
const MAX_CANDIDATES = 64;

/** A server whose answer holds its candidates is reached by ours without being told of them. */
export function needsTrickle(answer: string): boolean {
  return !/^a=candidate:/m.test(answer);
}

/**
 * Sends our candidates by PATCH as they are found, one request after the other, for a server that waits to be told
 * where we are. Ends with `signal`.
 */
export function trickle(
  connection: RTCPeerConnection,
  { resource, fetch, signal }: { resource: SdpResource; fetch: typeof globalThis.fetch; signal: AbortSignal },
): void {
  let waiting: RTCIceCandidate[] = [];
  let sent = 0;
  let isDone = false;
  let isSending = false;

  const send = async (): Promise<void> => {
    if (isSending) return;
    isSending = true;
    try {
      while ((waiting.length > 0 || isDone) && !signal.aborted) {
        const [candidates, isLast] = [waiting, isDone];
        waiting = [];
        isDone = false;
        await patchFragment(resource, { fetch, signal, fragment: fragmentOf(connection, candidates, isLast) });
      }
    } catch {
      // A server that takes no candidates is asked no more; whether it connects shows without them.
      connection.removeEventListener('icecandidate', found);
    } finally {
      isSending = false;
    }
  };
  const found = ({ candidate }: RTCPeerConnectionIceEvent): void => {
    if (candidate === null) isDone = true;
    else if ((sent += 1) <= MAX_CANDIDATES) waiting.push(candidate);
    void send();
  };
  connection.addEventListener('icecandidate', found);
  signal.addEventListener('abort', () => connection.removeEventListener('icecandidate', found), { once: true });
}

/** RFC 8840, 9: a piece of our description. All media are bundled, so the first one's lines stand for all. */
function fragmentOf(connection: RTCPeerConnection, candidates: readonly RTCIceCandidate[], isLast: boolean): string {
  const lines = (connection.localDescription?.sdp ?? '').split('\r\n');
  const first = (prefix: string): string[] => lines.filter((line) => line.startsWith(prefix)).slice(0, 1);
  return [
    ...first('a=ice-ufrag:'),
    ...first('a=ice-pwd:'),
    ...first('m='),
    ...first('a=mid:'),
    ...candidates.map(({ candidate }) => `a=${candidate}`),
    ...(isLast ? ['a=end-of-candidates'] : []),
    '',
  ].join('\r\n');
}
