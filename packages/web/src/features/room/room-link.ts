/** The address to give to viewers. */
export function roomLink(roomId: string): string {
  return `${window.location.origin}/rooms/${encodeURIComponent(roomId)}`;
}
