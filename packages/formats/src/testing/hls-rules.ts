import { attributesOf, parsePlaylistText, type PlaylistText, type TextSegment } from './hls-text.ts';

/** A rule of RFC 8216bis that a playlist breaks: its section, and what is wrong where. */
export interface Violation {
  section: string;
  message: string;
}

type Rule = (playlist: PlaylistText, text: string) => Violation[];

/** Durations are written with a few decimals; a part is not too long for the sake of one. */
const ROUNDING_S = 0.002;
/** Between what segments last and what their dates say. */
const DATE_TOLERANCE_S = 0.1;

const broken = (section: string, message: string): Violation => ({ section, message });
const only = (section: string, ...messages: (string | false)[]): Violation[] =>
  messages.flatMap((message) => (message === false ? [] : [broken(section, message)]));

const one = ({ tags }: Pick<PlaylistText, 'tags'>, name: string): string | undefined => tags.get(name)?.[0];
const attributes = (playlist: PlaylistText, name: string): Map<string, string> =>
  attributesOf(one(playlist, name) ?? '');
const seconds = (from: Map<string, string>, name: string): number | undefined =>
  from.has(name) ? Number(from.get(name)) : undefined;
const targetS = (playlist: PlaylistText): number => Number(one(playlist, 'EXT-X-TARGETDURATION'));
const partTargetS = (playlist: PlaylistText): number | undefined =>
  seconds(attributes(playlist, 'EXT-X-PART-INF'), 'PART-TARGET');
const hasParts = ({ segments, openParts }: PlaylistText): boolean =>
  openParts.length > 0 || segments.some(({ parts }) => parts.length > 0);
const sum = (items: readonly { durationS: number }[]): number =>
  items.reduce((total, { durationS }) => total + durationS, 0);

/** The version that the tags in use need (section 8). */
function neededVersion({ segments, openTags, skip }: PlaylistText, text: string): number {
  if (skip) return 9;
  const all = [...segments.map(({ tags }) => tags), openTags];
  if (all.some((tags) => tags.has('EXT-X-MAP'))) return 6;
  if (all.some((tags) => tags.has('EXT-X-BYTERANGE'))) return 4;
  return /#EXTINF:\d+\.\d/.test(text) ? 3 : 1;
}

const RULES: Readonly<Record<string, Rule>> = {
  head: (playlist, text) =>
    only(
      '4.4.1',
      !text.startsWith('#EXTM3U\n') && 'the first line is not #EXTM3U',
      (playlist.tags.get('EXT-X-VERSION')?.length ?? 0) > 1 && 'EXT-X-VERSION stands twice',
      Number(one(playlist, 'EXT-X-VERSION') ?? 1) < neededVersion(playlist, text) &&
        `EXT-X-VERSION is below ${neededVersion(playlist, text)}`,
      playlist.strays.length > 0 && `lines that fit nowhere: ${playlist.strays.join(' ')}`,
    ),
  targetDuration: (playlist) => {
    const target = targetS(playlist);
    if (!Number.isInteger(target) || target < 1) return only('4.4.3.1', 'EXT-X-TARGETDURATION is not a whole number');
    return playlist.segments
      .filter(({ durationS }) => Math.round(durationS) > target)
      .map(({ uri, durationS }) => broken('4.4.3.1', `${uri} lasts ${durationS} s, above the target of ${target} s`));
  },
  initialization: ({ segments: [first], skip }) =>
    only(
      '3.1.2',
      first !== undefined &&
        skip === undefined &&
        /\.(m4s|mp4)(\?|$)/.test(first.uri) &&
        !first.tags.has('EXT-X-MAP') &&
        'the first fMP4 segment has no EXT-X-MAP',
    ),
  partInformation: (playlist) => {
    if (!hasParts(playlist)) return [];
    const partTarget = partTargetS(playlist);
    const holdBack = seconds(attributes(playlist, 'EXT-X-SERVER-CONTROL'), 'PART-HOLD-BACK');
    if (partTarget === undefined) return only('4.4.3.7', 'there are parts, and no EXT-X-PART-INF');
    return only(
      '4.4.3.8',
      holdBack === undefined && 'there are parts, and no PART-HOLD-BACK',
      holdBack !== undefined && holdBack < 2 * partTarget && 'PART-HOLD-BACK is below twice the part target',
    );
  },
  partDurations: (playlist) => {
    const partTarget = partTargetS(playlist);
    if (partTarget === undefined) return [];
    const groups = [...playlist.segments.map(({ parts }) => parts), playlist.openParts];
    return groups.flatMap((parts) =>
      parts.flatMap(({ uri, durationS }, index) => {
        const isLast = index === parts.length - 1;
        return only(
          '4.4.4.9',
          durationS > partTarget + ROUNDING_S && `part ${uri} lasts ${durationS} s, above ${partTarget} s`,
          !isLast &&
            durationS < partTarget * 0.85 - ROUNDING_S &&
            `part ${uri} lasts ${durationS} s, below 85 % of ${partTarget} s`,
        );
      }),
    );
  },
  partsOfSegment: ({ segments }) =>
    segments
      .filter(({ parts, durationS }) => parts.length > 0 && Math.abs(sum(parts) - durationS) > 0.01)
      .map(({ uri, parts, durationS }) =>
        broken('4.4.4.9', `the parts of ${uri} last ${sum(parts)} s, and it lasts ${durationS} s`),
      ),
  oldParts: (playlist) => {
    const target = targetS(playlist);
    let behindS = sum(playlist.openParts);
    return playlist.segments.toReversed().flatMap((segment) => {
      const isOld = behindS > 3 * target;
      behindS += segment.durationS;
      return only('6.2.2', isOld && segment.parts.length > 0 && `${segment.uri} is old and still has parts`);
    });
  },
  serverControl: (playlist) => {
    const control = attributes(playlist, 'EXT-X-SERVER-CONTROL');
    const holdBack = seconds(control, 'HOLD-BACK');
    const skipUntil = seconds(control, 'CAN-SKIP-UNTIL');
    const target = targetS(playlist);
    return only(
      '4.4.3.8',
      holdBack !== undefined && holdBack < 3 * target && 'HOLD-BACK is below three target durations',
      skipUntil !== undefined && skipUntil < 6 * target && 'CAN-SKIP-UNTIL is below six target durations',
    );
  },
  hint: (playlist) => {
    const known = new Set(
      [...playlist.segments.flatMap(({ parts }) => parts), ...playlist.openParts].map((p) => p.uri),
    );
    return [
      ...only('4.4.5.3', playlist.hints.length > 1 && 'there is more than one EXT-X-PRELOAD-HINT'),
      ...playlist.hints.flatMap((hint) =>
        only(
          '4.4.5.3',
          hint.get('TYPE') !== 'PART' && hint.get('TYPE') !== 'MAP' && 'a hint has no TYPE',
          known.has(hint.get('URI') ?? '') && `the hint ${hint.get('URI')} is there already`,
          playlist.tags.has('EXT-X-ENDLIST') && 'an ended playlist has a hint',
        ),
      ),
    ];
  },
  dates: ({ segments }) => {
    const found: Violation[] = [];
    let expectedMs: number | undefined;
    for (const { uri, durationS, tags } of segments) {
      const date = tags.get('EXT-X-PROGRAM-DATE-TIME')?.[0];
      const ms = date === undefined ? undefined : Date.parse(date);
      if (Number.isNaN(ms)) found.push(broken('4.4.4.6', `${uri} has a date that cannot be read`));
      const offMs = ms === undefined || expectedMs === undefined ? 0 : ms - expectedMs;
      if (Math.abs(offMs) > DATE_TOLERANCE_S * 1000 && !tags.has('EXT-X-DISCONTINUITY'))
        found.push(broken('4.4.4.6', `${uri} is dated ${offMs} ms off, without a discontinuity`));
      const from = ms ?? (tags.has('EXT-X-DISCONTINUITY') ? undefined : expectedMs);
      expectedMs = from === undefined ? undefined : from + durationS * 1000;
    }
    return found;
  },
};

/** What a media playlist on its own does wrong. */
export function violationsOf(text: string): Violation[] {
  const playlist = parsePlaylistText(text);
  return Object.values(RULES).flatMap((rule) => rule(playlist, text));
}

/** What a reload does wrong (section 6.2.1): `before` and `after` are full playlists of one stream, `after` the later. */
export function reloadViolations(before: string, after: string): Violation[] {
  const [old, fresh] = [parsePlaylistText(before), parsePlaylistText(after)];
  const [oldFirst, freshFirst] = [firstMsn(old), firstMsn(fresh)];
  const removed = freshFirst - oldFirst;
  const found = only(
    '6.2.2',
    removed < 0 && `EXT-X-MEDIA-SEQUENCE goes back from ${oldFirst} to ${freshFirst}`,
    removed > 0 && sum(fresh.segments) < 3 * targetS(fresh) && 'segments were removed from less than three targets',
    targetS(fresh) < targetS(old) && 'EXT-X-TARGETDURATION went down',
    old.tags.has('EXT-X-ENDLIST') && before !== after && 'an ended playlist changed',
    endMsn(fresh) < endMsn(old) && 'segments at the end are gone',
  );
  if (removed < 0) return found;
  found.push(...discontinuityViolations(old, fresh, removed));
  for (const [index, segment] of old.segments.slice(removed).entries()) {
    const now = fresh.segments[index];
    if (now !== undefined) found.push(...changedSegment(segment, now));
  }
  return found;
}

function discontinuityViolations(old: PlaylistText, fresh: PlaylistText, removed: number): Violation[] {
  const gone = old.segments.slice(0, removed).filter(({ tags }) => tags.has('EXT-X-DISCONTINUITY')).length;
  const [was, is] = [discontinuitySequence(old), discontinuitySequence(fresh)];
  return only(
    '6.2.2',
    removed <= old.segments.length && is !== was + gone && `EXT-X-DISCONTINUITY-SEQUENCE is ${is}, not ${was + gone}`,
    is < was && 'EXT-X-DISCONTINUITY-SEQUENCE went down',
  );
}

function changedSegment(old: TextSegment, now: TextSegment): Violation[] {
  return only(
    '6.2.1',
    old.uri !== now.uri && `the address of a segment changed from ${old.uri} to ${now.uri}`,
    old.durationS !== now.durationS && `${now.uri} lasted ${old.durationS} s and lasts ${now.durationS} s`,
    old.tags.has('EXT-X-DISCONTINUITY') !== now.tags.has('EXT-X-DISCONTINUITY') &&
      `the discontinuity at ${now.uri} changed`,
  );
}

/**
 * A delta update (section 6.2.5.1) laid over the playlist that the client had, as a client does it.
 * @throws Error when it cannot be done
 */
export function applyDelta(before: string, delta: string): { segments: string[]; violations: Violation[] } {
  const [old, fresh] = [parsePlaylistText(before), parsePlaylistText(delta)];
  const skipped = Number(fresh.skip?.get('SKIPPED-SEGMENTS'));
  if (!Number.isInteger(skipped) || skipped < 1) throw new Error('it is no delta update: nothing is skipped');
  const from = firstMsn(fresh) - firstMsn(old);
  const kept = old.segments.slice(from, from + skipped);
  if (from < 0 || kept.length < skipped) throw new Error('it skips segments that the client never had');
  const skipUntil = seconds(attributes(fresh, 'EXT-X-SERVER-CONTROL'), 'CAN-SKIP-UNTIL') ?? Number.NaN;
  const shownS = sum(fresh.segments) + sum(fresh.openParts);
  const violations = only(
    '6.2.5.1',
    !(shownS >= skipUntil) && `it shows ${shownS} s, less than the ${skipUntil} s of CAN-SKIP-UNTIL`,
  );
  return { segments: [...kept, ...fresh.segments].map(({ uri }) => uri), violations };
}

const firstMsn = (playlist: PlaylistText): number => Number(one(playlist, 'EXT-X-MEDIA-SEQUENCE') ?? 0);
const endMsn = (playlist: PlaylistText): number => firstMsn(playlist) + playlist.segments.length;
const discontinuitySequence = (playlist: PlaylistText): number =>
  Number(one(playlist, 'EXT-X-DISCONTINUITY-SEQUENCE') ?? 0);
