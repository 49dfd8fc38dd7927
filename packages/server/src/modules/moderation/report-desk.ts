import { AppError, type Caller } from '../gateway/contract.ts';
import { toModerators, type ListReports, type Report, type ReportDecision } from './contract.ts';
import { adminOf, deskOf, noteDown, type By, type Desk } from './desk.ts';
import type { MuteService } from './mutes.ts';
import type { ReportServiceDeps } from './reports.ts';
import type { ReportRow } from './report-store.ts';
import { reportOf } from './report-view.ts';

export interface ReportDeskDeps extends Omit<ReportServiceDeps, 'access'> {
  mutes: MuteService;
}

interface Page {
  reports: Report[];
  total: number;
}

/** Decides on reports: administrators on all, owners and moderators on those of their room's messages. */
export class ReportDesk {
  readonly #deps: ReportDeskDeps;

  constructor(deps: ReportDeskDeps) {
    this.#deps = deps;
  }

  async all(query: ListReports): Promise<Page> {
    const { rows, total } = await this.#deps.store.list(query);
    return { reports: rows.map((row) => reportOf(row, 'admin')), total };
  }

  async ofRoom(caller: Caller, roomId: string, query: ListReports): Promise<Page> {
    const { room } = await deskOf(this.#deps.rooms, caller, roomId);
    const { rows, total } = await this.#deps.store.list(query, { roomId: room.id, subject: 'message' });
    return { reports: rows.map((row) => reportOf(row, 'moderator')), total };
  }

  /** @throws AppError report_not_found, report_decided, report_action_invalid, and what the action itself throws */
  async decide(caller: Caller, id: string, decision: ReportDecision): Promise<Report> {
    const by = adminOf(caller);
    return this.#decide(caller, { id, by, as: 'admin' }, decision);
  }

  /** As `decide`, for who moderates the room. */
  async decideInRoom(
    caller: Caller,
    { roomId, id }: { roomId: string; id: string },
    decision: ReportDecision,
  ): Promise<Report> {
    const { room, by } = await deskOf(this.#deps.rooms, caller, roomId);
    return this.#decide(caller, { id, by, as: 'moderator', roomId: room.id }, decision);
  }

  /** What it asks for is done first: a crash in between leaves the report open, and doing it again changes nothing. */
  async #decide(
    caller: Caller,
    { id, by, as, roomId }: { id: string; by: By; as: 'admin' | 'moderator'; roomId?: string },
    decision: ReportDecision,
  ): Promise<Report> {
    const { store, state, outbox, notifier, now } = this.#deps;
    // Two who decide differently at the same time must not both have their way.
    const turn = await state.lease(`report:${id}`);
    if (turn === undefined) throw new AppError('report_decided');
    try {
      const row = await store.find(id);
      const isVisible = as === 'admin' || (row?.room_id === roomId && row?.subject === 'message');
      if (row === undefined || !isVisible) throw new AppError('report_not_found');
      if (row.state !== 'open') throw new AppError('report_decided');
      await this.#act(caller, row, decision);
      const outcome = decision.action === 'dismiss' ? 'dismissed' : 'done';
      return await outbox.transact(async (work) => {
        const change = { id, state: outcome, decision: decision.action, by: by.name } as const;
        const decided = await store.decide(work.transaction, change);
        if (decided === undefined) throw new AppError('report_decided');
        const details = {
          report: id,
          decision: decision.action,
          accused: row.accused ?? undefined,
          note: decision.note,
        };
        const subject = `room:${row.room_id}`;
        await noteDown(work.transaction, { by, action: 'report.decided', subject, details, atMs: now() });
        if (row.subject === 'message')
          await work.emit(
            toModerators(row.room_id, 'report.decided', { id, state: outcome, decision: decision.action }),
          );
        const userId = userIdOf(row.reporter);
        const data = { what: 'report', reportId: id, roomId: row.room_id, subject: row.subject, outcome };
        if (userId !== undefined) await notifier.notify(work, [{ userId, kind: 'moderation', data }]);
        return reportOf(decided, as);
      });
    } finally {
      await turn.release();
    }
  }

  async #act(caller: Caller, row: ReportRow, { action, seconds, note }: ReportDecision): Promise<void> {
    const { chat, rooms, mutes } = this.#deps;
    switch (action) {
      case 'dismiss':
      case 'resolve':
        return;
      case 'delete':
        if (row.subject !== 'message') throw new AppError('report_action_invalid');
        // False when it is gone already, which is what was asked for.
        await chat().setState(row.subject_id, { from: 'shown', to: 'deleted', by: caller });
        return;
      case 'mute':
        await mutes.put(await this.#room(caller, row), { person: accusedOf(row), seconds, reason: note });
        return;
      case 'ban':
        await rooms.ban(caller, row.room_id, { person: accusedOf(row), seconds, reason: note });
    }
  }

  #room(caller: Caller, { room_id: roomId }: ReportRow): Promise<Desk> {
    return deskOf(this.#deps.rooms, caller, roomId);
  }
}

/** @throws AppError report_action_invalid when nobody can be held to account in the room */
function accusedOf({ accused, subject }: ReportRow): string {
  if (accused === null || subject === 'room' || !/^(?:user|viewer):/.test(accused))
    throw new AppError('report_action_invalid');
  return accused;
}

function userIdOf(person: string): string | undefined {
  return person.startsWith('user:') ? person.slice('user:'.length) : undefined;
}
