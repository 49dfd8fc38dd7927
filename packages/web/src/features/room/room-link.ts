import type { Room } from '@kaibo/client';

/** The address to give to viewers. Of a private room it carries the play token that its owner's addresses have. */
export function roomLink(room: Pick<Room, 'id' | 'isPrivate' | 'playUrls'>): string {
  const link = `${window.location.origin}/rooms/${encodeURIComponent(room.id)}`;
  const token = room.isPrivate ? tokenIn(room.playUrls.flv ?? room.playUrls.wsFlv) : null;
  return token ? `${link}?token=${encodeURIComponent(token)}` : link;
}

function tokenIn(url: string | undefined): string | null {
  return url ? new URL(url).searchParams.get('token') : null;
}
