import { audit } from '../../database/audit.ts';
import type { Outbox, OutboxEvent, Work } from '../../database/outbox.ts';
import type { Caller } from '../gateway/contract.ts';
import type { Announcer } from './announcer.ts';
import { command } from './control.ts';
import type { RoomEvent } from './events.ts';
import type { Standing } from './rights.ts';
import type { RoomRow } from './store.ts';
import type { RoomView } from './view.ts';

/** Who does something, for the audit trail. */
export interface Actor {
  /** As `AuditEntry.actor`. */
  name: string;
  address?: string;
  /** What gave them the right, where it was not the room being theirs. */
  as?: 'admin' | 'moderator';
}

export const SYSTEM: Actor = { name: 'system' };

export function actorOf(caller: Caller, standing?: Standing): Actor {
  const { account, address } = caller;
  if (account !== undefined) {
    const as = standing === undefined || standing.isOwner ? undefined : standing.isAdmin ? 'admin' : 'moderator';
    return { name: `user:${account.id}`, address, as };
  }
  return { name: standing?.isOwner === true ? 'owner' : 'anonymous', address };
}

export interface Note {
  actor: Actor;
  /** `noun.verb` in the past. */
  action: string;
  /** Never a secret. */
  details?: Readonly<Record<string, unknown>>;
}

/** Changes the truth about rooms: the change, its place in the audit trail and its events in one commit. */
export class Ledger {
  readonly #outbox: Outbox;
  readonly #announcer: Announcer;
  readonly #view: RoomView;
  readonly #now: () => number;

  constructor(deps: { outbox: Outbox; announcer: Announcer; view: RoomView; now: () => number }) {
    this.#outbox = deps.outbox;
    this.#announcer = deps.announcer;
    this.#view = deps.view;
    this.#now = deps.now;
  }

  /** Answers the changed row; undefined, and nothing is written, when `change` answers so: somebody was faster. */
  async room(
    before: RoomRow,
    {
      event,
      actor,
      details,
      isAudited = true,
    }: { event: RoomEvent; actor: Actor; details?: Note['details']; isAudited?: boolean },
    change: (transaction: Work['transaction']) => Promise<RoomRow | undefined>,
  ): Promise<RoomRow | undefined> {
    await this.#view.prime([before]);
    return this.#outbox.transact(async ({ transaction, emit }) => {
      const after = await change(transaction);
      if (after === undefined) return undefined;
      if (isAudited) await this.#note(transaction, after.id, { actor, action: event, details });
      if (before.is_private === 0 && after.is_private === 1)
        await emit(this.#announcer.hidden(after), command('live.hidden', { roomId: after.id }));
      await emit(...this.#announcer.room(event, after));
      return after;
    });
  }

  /** A change that leaves the room itself as it is. `change` answers its events, or undefined when nothing is to be written. */
  async about(
    roomId: string,
    note: Note,
    change: (transaction: Work['transaction']) => Promise<OutboxEvent[] | undefined>,
  ): Promise<boolean> {
    return this.#outbox.transact(async ({ transaction, emit }) => {
      const events = await change(transaction);
      if (events === undefined) return false;
      await this.#note(transaction, roomId, note);
      await emit(...events);
      return true;
    });
  }

  async #note(transaction: Work['transaction'], roomId: string, { actor, action, details = {} }: Note): Promise<void> {
    await audit(transaction, {
      actor: actor.name,
      action,
      subject: `room:${roomId}`,
      details: actor.as === undefined ? details : { ...details, as: actor.as },
      address: actor.address,
      atMs: this.#now(),
    });
  }
}
