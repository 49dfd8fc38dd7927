import { useViewerId } from '../../composables/useViewerId.ts';

/** Fetches what a player will need, while the room itself is still being asked for. Failures show when it plays. */
export function warmUpPlayer(): void {
  // Who can have WebRTC mostly needs nothing else.
  if (typeof RTCPeerConnection === 'undefined') void import('mpegts.js').catch(() => undefined);
  void useViewerId();
}
