import type { Socket } from 'node:net';

/** A peer that does not read our goodbye is cut after this. */
export const LINGER_MS = 1000;

/** Ends a socket politely, and for certain. */
export function closeSoon(socket: Socket): void {
  socket.end();
  cutSoon(socket);
}

/** The goodbye is on its way already. */
export function cutSoon(socket: Socket): void {
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
