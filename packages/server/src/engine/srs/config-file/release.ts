// What SRS releases differ in, as far as their configuration goes (trunk/doc/CHANGELOG.md of SRS). A directive that a
// release does not know makes it refuse the whole file.

/** `6` and `7` alone stand for the newest of their line. */
const RELEASE = /^([67])(?:\.0(?:\.(\d{1,4}))?)?$/;

export interface SrsRelease {
  /** As it was asked for. */
  name: string;
  /** `rtmp { listen … }` instead of `listen …`: 7.0.64. */
  hasRtmpSection: boolean;
  /** `rtmps { … }`: 7.0.56. */
  hasRtmps: boolean;
  /** The proxy and the heartbeat that tells it of ports: the proxy came with 7.0.16. */
  hasProxy: boolean;
}

/** Undefined for what is no release that Kaibo knows. */
export function srsRelease(name: string): SrsRelease | undefined {
  const [, major, revision = 'newest'] = RELEASE.exec(name) ?? [];
  if (major === undefined) return undefined;
  const isFrom = (first: number): boolean => major === '7' && (revision === 'newest' || Number(revision) >= first);
  return { name, hasRtmpSection: isFrom(64), hasRtmps: isFrom(56), hasProxy: isFrom(16) };
}
