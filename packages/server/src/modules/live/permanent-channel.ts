import { AppError } from '../gateway/contract.ts';
import type { UserChannel } from '../user/contract.ts';
import { openRoom, type RoomOpening } from './opening.ts';
import { SYSTEM } from './ledger.ts';
import type { RoomRow, RoomStore } from './store.ts';

/** Title of a channel's first room; media connections name no language, so it is the default one. */
const firstTitle = (name: string): string => `${name}的直播间`;

/**
 * The room that publishing with a permanent key opens, or the open one that it resumes. A new one is what the last one
 * on the channel was.
 */
export async function roomOnChannel(
  { owner, playId }: UserChannel,
  deps: RoomOpening & { store: RoomStore },
): Promise<RoomRow> {
  const { store } = deps;
  const last = await store.lastOfUser(owner.id, playId);
  const room = await openRoom(deps, {
    input: {
      title: last?.title ?? firstTitle(owner.name),
      category: last?.category,
      cover: last?.cover,
      isPrivate: last?.is_private === 1,
      maxViewers: last?.max_viewers ?? 0,
      autoLive: true,
      recording: last?.recording,
      mode: 'media',
    },
    owner: { userId: owner.id },
    channel: { playId },
    actor: { ...SYSTEM, name: `user:${owner.id}` },
  });
  if (room !== undefined) return room;
  // Another publisher of the same channel was faster.
  const open = await store.findByPlayId(playId);
  if (open === undefined || open.status === 'ended') throw new AppError('room_ended');
  return open;
}
