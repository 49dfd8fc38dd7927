import type { StreamKey } from '../hub/stream.ts';
import type { HlsNotice, TouchedStream } from './messages.ts';
import { sessionIdOf, sessionToken } from './session-token.ts';

/** The session book hears of sessions this often: one message for all. */
const TOUCH_MS = 2000;
/** Tokens whose proof has been checked, remembered in two generations. */
const MAX_CHECKED = 50_000;
/** Sessions that were kicked, or that the book does not know; past it the oldest is asked about anew. */
const MAX_REFUSED = 50_000;

interface CheckedToken {
  key: StreamKey;
  sessionId: string;
}

export interface SessionNotesDeps {
  secret: Uint8Array;
  tell(notice: HlsNotice): void;
  /** To viewers. */
  sent?(bytes: number): void;
}

/** What one worker knows of viewers' sessions: which are genuine, which are over, which were here lately. */
export class SessionNotes {
  readonly #deps: SessionNotesDeps;
  #checked = new Map<string, CheckedToken>();
  #checkedBefore = new Map<string, CheckedToken>();
  #touched = new Map<StreamKey, { targetDurationS: number; bytes: Map<string, number> }>();
  #kicked = new Set<string>();
  #unknown = new Set<string>();
  #timer: NodeJS.Timeout;

  constructor(deps: SessionNotesDeps) {
    this.#deps = deps;
    this.#timer = setInterval(() => this.#flush(), TOUCH_MS).unref();
  }

  token(key: StreamKey, sessionId: string): string {
    return sessionToken(this.#deps.secret, { key, sessionId });
  }

  /** The id of the session that a token proves; undefined when it proves nothing for this stream. */
  sessionOf(key: StreamKey, token: string): string | undefined {
    const known = this.#checked.get(token) ?? this.#checkedBefore.get(token);
    if (known) return known.key === key ? known.sessionId : undefined;
    const sessionId = sessionIdOf(this.#deps.secret, { key, token });
    if (sessionId === undefined) return undefined;
    if (this.#checked.size >= MAX_CHECKED) {
      this.#checkedBefore = this.#checked;
      this.#checked = new Map();
    }
    this.#checked.set(token, { key, sessionId });
    return sessionId;
  }

  isKicked(sessionId: string): boolean {
    return this.#kicked.has(sessionId);
  }

  /** It has been silent for too long, or this server's book was never told: it has to be opened again. */
  isUnknown(sessionId: string): boolean {
    return this.#unknown.has(sessionId);
  }

  touch(
    { key, targetDurationS }: { key: StreamKey; targetDurationS: number },
    sessionId: string,
    sentBytes: number,
  ): void {
    this.#deps.sent?.(sentBytes);
    let stream = this.#touched.get(key);
    if (!stream) this.#touched.set(key, (stream = { targetDurationS, bytes: new Map() }));
    stream.targetDurationS = targetDurationS;
    stream.bytes.set(sessionId, (stream.bytes.get(sessionId) ?? 0) + sentBytes);
  }

  opened(sessionId: string): void {
    this.#unknown.delete(sessionId);
  }

  kicked(sessionIds: readonly string[]): void {
    for (const sessionId of sessionIds) remember(this.#kicked, sessionId);
  }

  unknown(sessionIds: readonly string[]): void {
    for (const sessionId of sessionIds) remember(this.#unknown, sessionId);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#flush();
  }

  #flush(): void {
    if (this.#touched.size === 0) return;
    const streams: TouchedStream[] = [...this.#touched].map(([key, { targetDurationS, bytes }]) => ({
      key,
      targetDurationS,
      sessions: [...bytes],
    }));
    this.#touched.clear();
    this.#deps.tell({ notice: 'touched', streams });
  }
}

function remember(set: Set<string>, sessionId: string): void {
  const [oldest] = set;
  if (set.size >= MAX_REFUSED && oldest !== undefined) set.delete(oldest);
  set.add(sessionId);
}
