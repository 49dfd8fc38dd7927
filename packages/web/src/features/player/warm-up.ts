import { useViewerId } from '../../composables/useViewerId.ts';

/** Fetches what a player will need, while the room itself is still being asked for. Failures show when it plays. */
export function warmUpPlayer(): void {
  // Who can have WebRTC mostly needs nothing else.
  const isFlv = typeof RTCPeerConnection === 'undefined' || localStorage.getItem('kaibo.playMode') === 'compatible';
  const parts = isFlv ? [import('./mpegts-session.ts'), import('mpegts.js')] : [import('./whep-session.ts')];
  for (const part of parts) part.catch(() => undefined);
  void useViewerId();
}
