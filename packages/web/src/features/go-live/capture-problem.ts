/** Why a device gives nothing, as far as the streamer can do something about it. */
export type CaptureProblem =
  | 'denied'
  | 'deniedBySystem'
  | 'notFound'
  | 'busy'
  | 'insecure'
  | 'unsupported'
  | 'lost'
  | 'unknown';

/** Of a rejected `getUserMedia` or `getDisplayMedia`. */
export function problemOf(error: unknown): CaptureProblem {
  if (!(error instanceof Error)) return 'unknown';
  switch (error.name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return /system/i.test(error.message) ? 'deniedBySystem' : 'denied';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'notFound';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'unknown';
  }
}

/** What stands in the way before anything is asked for. */
export function obstacleTo(kind: 'devices' | 'screen'): CaptureProblem | null {
  if (!window.isSecureContext) return 'insecure';
  const media = navigator.mediaDevices as MediaDevices | undefined;
  if (kind === 'devices') return media?.getUserMedia ? null : 'unsupported';
  return media && 'getDisplayMedia' in media ? null : 'unsupported';
}
