import type { RelayRequest } from './contract.ts';

/** What is looked for in session descriptions (RFC 8866) here; the media engine reads them whole. */

/** The text of a description, in whichever form it came; undefined for what is none. */
export function sdpOf(payload: RelayRequest['payload']): string | undefined {
  const sdp = typeof payload === 'object' && payload !== null ? payload['sdp'] : payload;
  return typeof sdp === 'string' ? sdp : undefined;
}

/** Whether it sends neither audio nor video. What cannot be read might. */
export function receivesOnly(payload: RelayRequest['payload']): boolean {
  const [session = '', ...sections] = sectionsOf(sdpOf(payload) ?? '');
  const media = sections.filter((section) => /^m=(?:audio|video) (?!0 )/.test(section));
  const fallback = directionOf(session) ?? 'sendrecv';
  return (
    sections.length > 0 && media.every((section) => /^(?:recvonly|inactive)$/.test(directionOf(section) ?? fallback))
  );
}

/** The names of its transports (RFC 8839, 5.4): a candidate says which of them it belongs to. */
export function ufragsOf(sdp: string): ReadonlySet<string> {
  return new Set([...sdp.matchAll(/^a=ice-ufrag:(\S+)/gm)].map(([, ufrag = '']) => ufrag));
}

/** What a browser's `addIceCandidate` takes. */
export interface CandidateInit {
  candidate: string;
  sdpMid: string | null;
  sdpMLineIndex: number;
  usernameFragment: string | null;
}

/** The candidates that stand in a description. */
export function candidatesOf(sdp: string): CandidateInit[] {
  const [session = '', ...sections] = sectionsOf(sdp);
  return sections.flatMap((section, index) => {
    const sdpMid = valueOf(section, 'mid');
    const usernameFragment = valueOf(section, 'ice-ufrag') ?? valueOf(session, 'ice-ufrag');
    return [...section.matchAll(/^a=(candidate:[^\r\n]+)/gm)].map(([, candidate = '']) => ({
      candidate,
      sdpMid,
      sdpMLineIndex: index,
      usernameFragment,
    }));
  });
}

function sectionsOf(sdp: string): string[] {
  return sdp.split(/^(?=m=)/m);
}

function valueOf(section: string, name: string): string | null {
  return new RegExp(`^a=${name}:(\\S+)`, 'm').exec(section)?.[1] ?? null;
}

function directionOf(section: string): string | undefined {
  return /^a=(sendrecv|sendonly|recvonly|inactive)\s*$/m.exec(section)?.[1];
}
