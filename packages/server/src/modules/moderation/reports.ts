import { randomUUID } from 'node:crypto';
import type { Outbox } from '../../database/outbox.ts';
import type { StateCenter } from '../../state/contract.ts';
import { AppError, type Caller } from '../gateway/contract.ts';
import type { ChatArchive } from '../interact/chat/contract.ts';
import { channelIdOf, type RoomDirectory, type RoomFacts } from '../live/contract.ts';
import type { Notifier } from '../notice/contract.ts';
import type { UserDirectory } from '../user/contract.ts';
import { toModerators, type NewReport } from './contract.ts';
import type { ReportRow, ReportStore } from './report-store.ts';
import { reportOf } from './report-view.ts';

/** Reports that one person makes in an hour. */
const MOST_AN_HOUR = 20;
const HOUR_MS = 3_600_000;

export interface ReportServiceDeps {
  store: ReportStore;
  chat(): ChatArchive;
  rooms: RoomDirectory;
  users: UserDirectory;
  outbox: Outbox;
  state: StateCenter;
  notifier: Notifier;
  access: 'members' | 'open';
  now: () => number;
}

/** What a report is about, with what will prove it when it is gone. */
interface Subject {
  id: string;
  accused: string | null;
  evidence: Record<string, unknown>;
}

/** Takes reports of messages, people and rooms. */
export class ReportService {
  readonly #deps: ReportServiceDeps;

  constructor(deps: ReportServiceDeps) {
    this.#deps = deps;
  }

  /**
   * Once of a person and subject.
   * @throws AppError login_required, rate_limited, already_reported, cannot_report_self, message_not_found,
   * user_not_found
   */
  async add(caller: Caller, roomId: string, input: NewReport): Promise<{ id: string }> {
    const { store, rooms, outbox, state, access, now } = this.#deps;
    const { room, person } = await rooms.standing(caller, roomId, { token: input.token, vid: input.vid });
    if (person === undefined || (access === 'members' && caller.account === undefined))
      throw new AppError('login_required');
    const { id: subjectId, accused, evidence } = await this.#subject(room, input);
    if (accused === person) throw new AppError('cannot_report_self');
    // What is refused counts too: otherwise asking for what is there would cost nothing.
    if ((await state.count(`reports:${person}`, 1, HOUR_MS)) > MOST_AN_HOUR) throw new AppError('rate_limited');
    const row: ReportRow = {
      ...{ id: randomUUID(), room_id: room.id, channel_id: channelIdOf(room), reporter: person },
      ...{ subject: input.subject, subject_id: subjectId, accused, reason: input.reason, text: input.text ?? null },
      ...{ evidence: JSON.stringify(evidence), state: 'open' as const, decision: null, decided_by: null },
      ...{ decided_at: null, created_at: now() },
    };
    const isNew = await outbox.transact(async ({ transaction, emit }) => {
      if (!(await store.insert(transaction, row))) return false;
      // Moderators decide on those of messages only.
      if (row.subject === 'message')
        await emit(toModerators(room.id, 'report.added', { report: reportOf(row, 'moderator') }));
      return true;
    });
    if (!isNew) throw new AppError('already_reported');
    return { id: row.id };
  }

  async #subject(room: RoomFacts, input: NewReport): Promise<Subject> {
    switch (input.subject) {
      case 'message':
        return this.#message(room, input.messageId);
      case 'user':
        return this.#user(input.userId);
      case 'room':
        return roomSubject(room);
    }
  }

  async #message(room: RoomFacts, messageId: string): Promise<Subject> {
    const message = await this.#deps.chat().find(messageId);
    // What is held is seen by nobody who could report it.
    if (message?.roomId !== room.id || message.state === 'held') throw new AppError('message_not_found');
    const { id, person, name, text, at } = message;
    return { id, accused: person, evidence: { person, name, text, at } };
  }

  async #user(userId: string): Promise<Subject> {
    const user = await this.#deps.users.find(userId);
    if (user === undefined) throw new AppError('user_not_found');
    const { username, name, avatar } = user;
    return { id: userId, accused: `user:${userId}`, evidence: { username, name, avatar } };
  }
}

function roomSubject({ id, userId, title, category, cover, owner }: RoomFacts): Subject {
  return {
    id,
    accused: userId === null ? null : `user:${userId}`,
    evidence: { title, category, cover, owner: owner?.name },
  };
}
