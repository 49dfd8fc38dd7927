import { audit } from '../../database/audit.ts';
import type { OutboxEvent, Work } from '../../database/outbox.ts';
import type { Caller } from '../gateway/contract.ts';
import { CONTROL_CHANNEL } from '../auth/contract.ts';
import { userChannelOf } from '../user/contract.ts';
import { RECORDING_CHANGED, type RecordingEvent } from './contract.ts';
import type { RecordingRow } from './store.ts';

/** Who does something to a recording, for the audit trail. */
export interface Actor {
  /** As `AuditEntry.actor`. */
  name: string;
  address?: string;
  /** An administrator who is not the owner. */
  isAdmin?: boolean;
}

export const SYSTEM: Actor = { name: 'system' };

export function actorOf({ account, address }: Caller, ownerId: string | null): Actor {
  if (account === undefined) return { name: 'owner', address };
  return { name: `user:${account.id}`, address, isAdmin: account.id !== ownerId };
}

/** On `control`: the nodes compare what is recorded with what is to be. */
export const NUDGE: OutboxEvent = { channel: CONTROL_CHANNEL, event: RECORDING_CHANGED, data: {} };

/** What happened to a recording, for those in its room; of one that was uploaded for its owner. */
export function recordingEvent(
  event: RecordingEvent,
  { id, room_id: roomId, user_id: userId, published }: Pick<RecordingRow, 'id' | 'room_id' | 'user_id' | 'published'>,
): OutboxEvent {
  const says = event === 'recording.ready' || event === 'recording.updated';
  const data = { id, roomId: roomId ?? undefined, ...(says ? { published: published === 1 } : {}) };
  return { channel: roomId === null ? userChannelOf(userId ?? '') : `room:${roomId}`, event, data };
}

export async function auditRecording(
  transaction: Work['transaction'],
  {
    row,
    actor,
    action,
    details = {},
    atMs,
  }: {
    row: Pick<RecordingRow, 'id' | 'room_id'>;
    actor: Actor;
    action: string;
    details?: Record<string, unknown>;
    atMs: number;
  },
): Promise<void> {
  await audit(transaction, {
    actor: actor.name,
    action,
    subject: row.room_id === null ? `recording:${row.id}` : `room:${row.room_id}`,
    details: { recording: row.id, ...details, ...(actor.isAdmin === true ? { as: 'admin' } : {}) },
    address: actor.address,
    atMs,
  });
}
