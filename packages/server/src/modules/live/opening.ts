import { randomBytes, randomInt } from 'node:crypto';
import type { RecordingMode } from '../../database/schema.ts';
import { searchKeyOf } from '../../database/search-key.ts';
import { AppError } from '../gateway/contract.ts';
import type { CreateRoomInput } from './contract.ts';
import type { Actor, Ledger } from './ledger.ts';
import type { RoomRow, RoomStore } from './store.ts';

const ID_LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';
const ID_LENGTH = 12;

export interface RoomOpening {
  store: RoomStore;
  ledger: Ledger;
  openRoomsPerUser: number;
  /** Of rooms that do not say. */
  recording: RecordingMode;
  now: () => number;
}

interface NewRoom {
  input: CreateRoomInput;
  /** An account, or the hash of the token that proves the owner. */
  owner: { userId: string } | { tokenHash: string };
  /** Made on its owner's channel: its stream name, with the channel's own key. */
  channel?: { playId: string };
  actor: Actor;
}

/** Makes a room; undefined when its id or its stream name is taken. @throws AppError too_many_rooms */
export async function openRoom(
  { store, ledger, openRoomsPerUser, recording, now }: RoomOpening,
  { input, owner, channel, actor }: NewRoom,
): Promise<RoomRow | undefined> {
  const row: RoomRow = {
    id: input.roomId ?? randomId(),
    user_id: 'userId' in owner ? owner.userId : null,
    title: input.title,
    title_key: searchKeyOf(input.title),
    category: input.category ?? null,
    cover: input.cover ?? null,
    status: 'preparing',
    mode: input.mode,
    interrupted: 0,
    interrupted_at: null,
    is_private: input.isPrivate ? 1 : 0,
    auto_live: input.autoLive ? 1 : 0,
    recording: input.recording ?? recording,
    recording_on: null,
    play_id: channel?.playId ?? randomId(),
    stream_secret: channel === undefined ? newStreamSecret() : '',
    owner_token_hash: 'tokenHash' in owner ? owner.tokenHash : null,
    max_viewers: input.maxViewers,
    viewer_count: 0,
    peak_viewers: 0,
    interruptions: 0,
    created_at: now(),
    updated_at: now(),
    start_time: null,
    end_time: null,
  };
  const details = { title: row.title, mode: row.mode, isPrivate: input.isPrivate };
  return ledger.room(row, { event: 'room.created', actor, details }, async (transaction) => {
    if (row.user_id !== null && (await store.countOpenOf(transaction, row.user_id)) >= openRoomsPerUser)
      throw new AppError('too_many_rooms');
    return (await store.insert(transaction, row)) ? row : undefined;
  });
}

export function newStreamSecret(): string {
  return randomBytes(24).toString('base64url');
}

function randomId(): string {
  return Array.from({ length: ID_LENGTH }, () => ID_LETTERS[randomInt(ID_LETTERS.length)]).join('');
}
