import type { Caller } from './caller.ts';
import { readJson } from './http.ts';
import { roomPath } from './rooms.ts';
import type { OwnerOptions } from './rooms.ts';
import type { PageQuery } from './users.ts';

/** `block`: not sent; `mask`: each character is `*`; `hold`: waits for a moderator. */
export type WordAction = 'block' | 'mask' | 'hold';

/** Times are ms since the epoch. */
export interface ModeratedWord {
  id: string;
  word: string;
  action: WordAction;
  note?: string;
  createdAt: number;
}

export interface Mute {
  person: string;
  userId?: string;
  name?: string;
  reason?: string;
  /** Absent when it lasts for good. */
  until?: number;
  createdAt: number;
}

/** What the caller is in a room. */
export interface RoomStanding {
  /** Who they are counted as; absent when they cannot be told from others. */
  person?: string;
  /** Also of administrators. */
  isOwner: boolean;
  isModerator: boolean;
  /** `until` in ms since the epoch; absent when it lasts for good. */
  muted?: { until?: number };
}

/** A message that waits for a moderator. */
export interface HeldMessage {
  id: string;
  person: string;
  name: string;
  text: string;
  at: number;
}

export type ReportReason = 'spam' | 'abuse' | 'sexual' | 'violence' | 'illegal' | 'other';
export type ReportInput = (
  | { subject: 'message'; messageId: string }
  | { subject: 'user'; userId: string }
  | { subject: 'room' }
) & { reason: ReportReason; text?: string; token?: string | undefined; vid?: string | undefined };

export type ReportState = 'open' | 'dismissed' | 'done';

/** Times are ms since the epoch. */
export interface Report {
  id: string;
  roomId: string;
  subject: 'message' | 'user' | 'room';
  subjectId: string;
  /** For administrators only. */
  reporter?: string;
  /** `user:ID` or `viewer:ID`; absent once the account is gone. */
  accused?: string;
  reason: ReportReason;
  text?: string;
  /** What it is about, as it was then: of a message `name`, `text` and `at`. */
  evidence: Record<string, unknown>;
  state: ReportState;
  decision?: string;
  decidedAt?: number;
  createdAt: number;
}

export interface ReportQuery extends PageQuery {
  /** Left out, `open`. */
  state?: ReportState;
}

export interface ReportPage {
  reports: Report[];
  /** Over all pages. */
  total: number;
}

export interface TriedWords {
  verdict: 'shown' | 'held' | 'blocked';
  /** As it would be shown. */
  text: string;
  /** That were found in it. */
  words: Pick<ModeratedWord, 'word' | 'action'>[];
}

export interface ReportDecision {
  /** `delete` is the message; `mute` and `ban` its author or the user; `resolve`: dealt with by other means. */
  action: 'dismiss' | 'delete' | 'mute' | 'ban' | 'resolve';
  /** Of a mute or ban; left out, for good. */
  seconds?: number;
  note?: string;
}

export interface WordInput {
  /** `*` at its beginning or end lets it be part of a longer word. */
  word: string;
  /** Left out, `mask`. */
  action?: WordAction;
  note?: string;
}

export interface WordQuery extends PageQuery {
  /** A part of the word. */
  q?: string;
}

export interface WordPage {
  words: ModeratedWord[];
  /** Over all pages. */
  total: number;
}

/** Order in the chat of a room, for its owner and moderators; anybody may report. */
export class ModerationApi {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Of oneself: for everybody who may see the room. */
  standing(
    roomId: string,
    { ownerToken, token, vid }: OwnerOptions & { token?: string | undefined; vid?: string | undefined } = {},
  ): Promise<RoomStanding> {
    return this.#caller.json(`${roomPath(roomId)}/standing`, { query: { token, vid }, ownerToken });
  }

  mutes(roomId: string, { ownerToken }: OwnerOptions = {}): Promise<Mute[]> {
    return this.#caller.json(`${roomPath(roomId)}/mutes`, { ownerToken });
  }

  /** Without `seconds` for good. */
  mute(
    roomId: string,
    input: { person: string; seconds?: number; reason?: string },
    { ownerToken }: OwnerOptions = {},
  ): Promise<Mute> {
    return this.#caller.json(`${roomPath(roomId)}/mutes`, { method: 'POST', body: input, ownerToken });
  }

  async unmute(roomId: string, person: string, { ownerToken }: OwnerOptions = {}): Promise<void> {
    const path = `${roomPath(roomId)}/mutes/${encodeURIComponent(person)}`;
    await this.#caller.send(path, { method: 'DELETE', ownerToken });
  }

  /** The oldest first. */
  held(roomId: string, { ownerToken }: OwnerOptions = {}): Promise<HeldMessage[]> {
    return this.#caller.json(`${roomPath(roomId)}/held`, { ownerToken });
  }

  async decide(
    roomId: string,
    messageId: string,
    action: 'show' | 'delete',
    { ownerToken }: OwnerOptions = {},
  ): Promise<void> {
    const path = `${roomPath(roomId)}/held/${encodeURIComponent(messageId)}`;
    await this.#caller.send(path, { method: 'POST', body: { action }, ownerToken });
  }

  words(roomId: string, { ownerToken }: OwnerOptions = {}): Promise<ModeratedWord[]> {
    return this.#caller.json(`${roomPath(roomId)}/words`, { ownerToken });
  }

  addWord(roomId: string, input: WordInput, { ownerToken }: OwnerOptions = {}): Promise<ModeratedWord> {
    return this.#caller.json(`${roomPath(roomId)}/words`, { method: 'POST', body: input, ownerToken });
  }

  async removeWord(roomId: string, wordId: string, { ownerToken }: OwnerOptions = {}): Promise<void> {
    const path = `${roomPath(roomId)}/words/${encodeURIComponent(wordId)}`;
    await this.#caller.send(path, { method: 'DELETE', ownerToken });
  }

  report(roomId: string, input: ReportInput): Promise<{ id: string }> {
    return this.#caller.json(`${roomPath(roomId)}/reports`, { method: 'POST', body: input });
  }

  /** Of the room's messages, for its owner and moderators. */
  reports(roomId: string, query: ReportQuery = {}, { ownerToken }: OwnerOptions = {}): Promise<ReportPage> {
    return this.#reports(`${roomPath(roomId)}/reports`, query, ownerToken);
  }

  decideReport(
    roomId: string,
    reportId: string,
    decision: ReportDecision,
    { ownerToken }: OwnerOptions = {},
  ): Promise<Report> {
    const path = `${roomPath(roomId)}/reports/${encodeURIComponent(reportId)}`;
    return this.#caller.json(path, { method: 'POST', body: decision, ownerToken });
  }

  /** All reports, for administrators, as what follows. */
  allReports(query: ReportQuery = {}): Promise<ReportPage> {
    return this.#reports('/api/admin/reports', query);
  }

  decideAnyReport(reportId: string, decision: ReportDecision): Promise<Report> {
    const path = `/api/admin/reports/${encodeURIComponent(reportId)}`;
    return this.#caller.json(path, { method: 'POST', body: decision });
  }

  /** Words that may not be said anywhere. */
  async wordsEverywhere(query: WordQuery = {}): Promise<WordPage> {
    const response = await this.#caller.send('/api/admin/words', { query: { ...query } });
    const words = await readJson<ModeratedWord[]>(response);
    return { words, total: Number(response.headers.get('x-total-count') ?? words.length) };
  }

  addWordEverywhere(input: WordInput): Promise<ModeratedWord> {
    return this.#caller.json('/api/admin/words', { method: 'POST', body: input });
  }

  async removeWordEverywhere(wordId: string): Promise<void> {
    await this.#caller.send(`/api/admin/words/${encodeURIComponent(wordId)}`, { method: 'DELETE' });
  }

  /** What the words that hold everywhere would make of a text. */
  tryWords(text: string): Promise<TriedWords> {
    return this.#caller.json('/api/admin/words/test', { method: 'POST', body: { text } });
  }

  /** A word a line; behind a tab its action, behind another one a note. All of them or none. */
  importWords(input: { text: string; action?: WordAction }): Promise<{ words: number; total: number }> {
    return this.#caller.json('/api/admin/words/import', { method: 'POST', body: input });
  }

  async #reports(path: string, query: ReportQuery, ownerToken?: string): Promise<ReportPage> {
    const response = await this.#caller.send(path, { query: { ...query }, ownerToken });
    const reports = await readJson<Report[]>(response);
    return { reports, total: Number(response.headers.get('x-total-count') ?? reports.length) };
  }
}
