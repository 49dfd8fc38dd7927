import { AppError, type Caller } from '../gateway/contract.ts';
import type { RoomDirectory, RoomStatus } from '../live/contract.ts';
import type { RecordingLookup } from '../recording/contract.ts';

/** A page with a picture that everybody may see, as other sites and search engines are told of it. */
export interface ShownPage {
  kind: 'room' | 'replay';
  id: string;
  title: string;
  /** Of a room; a replay is `ended`. */
  status: RoomStatus;
  author?: { username: string; name: string };
  /** A path of this platform, or an address. */
  picture?: string;
  durationMs?: number;
}

export interface ShownPageDeps {
  rooms: Pick<RoomDirectory, 'standing'>;
  recordings: Pick<RecordingLookup, 'get'>;
}

const PAGE = /^\/(rooms|replay)\/([A-Za-z0-9_-]{1,64})\/?$/;

/**
 * The page of a path. It is asked for as somebody whom nobody knows, whoever asks: what it tells is passed on and kept
 * elsewhere. Undefined when there is none, or not for everybody.
 */
export async function shownPage(deps: ShownPageDeps, path: string, caller: Caller): Promise<ShownPage | undefined> {
  const [, kind, id] = PAGE.exec(path) ?? [];
  if (kind === undefined || id === undefined) return undefined;
  const stranger: Caller = { ...caller, account: undefined, tokens: [], cookies: {}, local: false };
  const find = kind === 'rooms' ? shownRoom : shownReplay;
  try {
    return await find(deps, id, stranger);
  } catch (error) {
    // Missing, private or not finished: the page itself says which.
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

async function shownRoom({ rooms }: ShownPageDeps, id: string, stranger: Caller): Promise<ShownPage | undefined> {
  const { room } = await rooms.standing(stranger, id);
  if (room.isPrivate) return undefined;
  const { title, status, owner, poster, cover } = room;
  const picture = poster ?? cover;
  return {
    ...{ kind: 'room', id: room.id, title, status },
    ...(owner === undefined ? {} : { author: owner }),
    ...(picture === undefined ? {} : { picture }),
  };
}

async function shownReplay({ recordings }: ShownPageDeps, id: string, stranger: Caller): Promise<ShownPage> {
  const { title, owner, poster, durationMs } = await recordings.get(stranger, id);
  return {
    ...{ kind: 'replay', id, title, status: 'ended', durationMs },
    ...(owner === undefined ? {} : { author: owner }),
    ...(poster === undefined ? {} : { picture: poster }),
  };
}
