import { describe, expect, it, test } from 'vitest';
import { applyDelta, reloadViolations, violationsOf } from './hls-rules.ts';

const GOOD = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,HOLD-BACK=6,PART-HOLD-BACK=1.2,CAN-SKIP-UNTIL=12
#EXT-X-PART-INF:PART-TARGET=0.4
#EXT-X-MEDIA-SEQUENCE:10
#EXT-X-DISCONTINUITY-SEQUENCE:1
#EXT-X-MAP:URI="init.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-26T10:00:00.000Z
#EXTINF:2.000,
10.m4s
#EXTINF:1.960,
11.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="init2.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-26T10:00:10.000Z
#EXT-X-PART:DURATION=0.4,URI="12.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.4,URI="12.1.m4s"
#EXT-X-PART:DURATION=0.4,URI="12.2.m4s"
#EXT-X-PART:DURATION=0.4,URI="12.3.m4s"
#EXT-X-PART:DURATION=0.2,URI="12.4.m4s"
#EXTINF:1.800,
12.m4s
#EXT-X-PART:DURATION=0.4,URI="13.0.m4s",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="13.1.m4s"
`;

const LATER = GOOD.replace('SEQUENCE:10', 'SEQUENCE:12')
  .replace(/#EXT-X-MAP:URI="init.mp4"[^]*11\.m4s\n/, '')
  .replace('13.1.m4s', '14.0.m4s')
  .replace('#EXT-X-PRELOAD', '#EXTINF:2.000,\n13.m4s\n#EXTINF:2.000,\n14.m4s\n#EXTINF:2.000,\n15.m4s\n#EXT-X-PRELOAD')
  .replace('#EXT-X-PART:DURATION=0.4,URI="13.0.m4s",INDEPENDENT=YES\n', '');

const change = (from: string | RegExp, to: string): string => {
  const changed = GOOD.replace(from, to);
  expect(changed).not.toBe(GOOD);
  return changed;
};

test('a good playlist breaks no rule', () => {
  expect(violationsOf(GOOD)).toEqual([]);
});

describe('a media playlist', () => {
  it.each([
    ['without its first line', '#EXTM3U\n', '', '4.4.1', /first line/],
    ['with too low a version', 'VERSION:9', 'VERSION:5', '4.4.1', /below 6/],
    ['with two versions', '#EXT-X-TARGET', '#EXT-X-VERSION:9\n#EXT-X-TARGET', '4.4.1', /twice/],
    ['with an address of nothing', '11.m4s', '11.m4s\nagain.m4s', '4.4.1', /again/],
    ['without a target', /#EXT-X-TARGETDURATION.*\n/, '', '4.4.3.1', /whole number/],
    ['with a segment above the target', 'EXTINF:1.960', 'EXTINF:2.500', '4.4.3.1', /11\.m4s lasts 2.5/],
    ['without an initialization', '#EXT-X-MAP:URI="init.mp4"\n', '', '3.1.2', /EXT-X-MAP/],
    ['with parts and no part target', /#EXT-X-PART-INF.*\n/, '', '4.4.3.7', /PART-INF/],
    ['without a part hold-back', ',PART-HOLD-BACK=1.2', '', '4.4.3.8', /no PART-HOLD-BACK/],
    ['with too short a part hold-back', 'PART-HOLD-BACK=1.2', 'PART-HOLD-BACK=0.7', '4.4.3.8', /twice/],
    ['with too long a part', 'DURATION=0.4,URI="13.0', 'DURATION=0.5,URI="13.0', '4.4.4.9', /13\.0.*above/],
    ['with too short a part in a segment', 'DURATION=0.4,URI="12.1', 'DURATION=0.3,URI="12.1', '4.4.4.9', /85 %/],
    ['with parts that are not their segment', 'EXTINF:1.800', 'EXTINF:2.000', '4.4.4.9', /1\.8 s, and it lasts 2 s/],
    ['with too short a hold-back', 'HOLD-BACK=6', 'HOLD-BACK=5', '4.4.3.8', /three target/],
    ['that skips too much', 'SKIP-UNTIL=12', 'SKIP-UNTIL=11', '4.4.3.8', /six target/],
    ['with a hint at what is there', 'URI="13.1.m4s"', 'URI="13.0.m4s"', '4.4.5.3', /already/],
    ['with a hint of no type', 'TYPE=PART,', '', '4.4.5.3', /TYPE/],
    ['that ended and hints', /$/, '#EXT-X-ENDLIST\n', '4.4.5.3', /ended/],
    ['with a date that jumps', '#EXT-X-DISCONTINUITY\n', '', '4.4.4.6', /12\.m4s is dated/],
    ['with no date at all in a date', '2026-11-26T10:00:00.000Z', 'today', '4.4.4.6', /cannot be read/],
    [
      'with parts of long ago',
      /(?<=#EXT-X-PRELOAD)/,
      '-X\n#EXTINF:2.0,\n13.m4s\n#EXTINF:2.0,\n14.m4s\n#EXTINF:2.0,\n15.m4s\n#EXTINF:2.0,\n16.m4s\n#EXT-X-PRELOAD',
      '6.2.2',
      /12\.m4s is old/,
    ],
  ])('%s breaks a rule', (_what, from, to, section, message) => {
    const found = violationsOf(change(from, to));
    expect(found).toContainEqual({ section, message: expect.stringMatching(message) });
  });
});

describe('a reload', () => {
  it('that goes on breaks no rule', () => {
    expect(violationsOf(LATER)).toEqual([]);
    expect(reloadViolations(GOOD, GOOD)).toEqual([]);
    expect(reloadViolations(GOOD, LATER)).toEqual([]);
  });

  it.each([
    ['goes back', LATER, GOOD, /goes back from 12 to 10/],
    ['changes an address', GOOD, GOOD.replace('11.m4s', 'eleven.m4s'), /changed from 11/],
    ['changes a duration', GOOD, GOOD.replace('EXTINF:1.960', 'EXTINF:1.900'), /lasted 1.96 s/],
    ['loses a discontinuity', GOOD, GOOD.replace('#EXT-X-DISCONTINUITY\n', ''), /discontinuity at 12/],
    ['lowers the target', GOOD, GOOD.replace('DURATION:2', 'DURATION:1'), /went down/],
    ['loses its end', GOOD, GOOD.replace('#EXTINF:1.800,\n12.m4s\n', ''), /are gone/],
    ['keeps too little', GOOD, GOOD.replace('E:10', 'E:11').replace('#EXTINF:2.000,\n10.m4s\n', ''), /three targets/],
    [
      'does not count',
      LATER,
      LATER.replace('E:12', 'E:13').replace(/#EXT-X-DISCONTINUITY\n[^]*12\.m4s\n/, ''),
      /is 1, not 2/,
    ],
    ['goes on after the end', `${GOOD}#EXT-X-ENDLIST\n`, LATER, /ended playlist changed/],
  ])('that %s breaks a rule', (_what, before, after, message) => {
    expect(reloadViolations(before, after)).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(message) }),
    );
  });
});

describe('a delta update', () => {
  const delta = GOOD.replace(/#EXT-X-MAP:URI="init.mp4"[^]*11\.m4s\n/, '#EXT-X-SKIP:SKIPPED-SEGMENTS=2\n').replace(
    'CAN-SKIP-UNTIL=12',
    'CAN-SKIP-UNTIL=2',
  );

  it('is laid over what the client had', () => {
    expect(applyDelta(GOOD, delta)).toEqual({ segments: ['10.m4s', '11.m4s', '12.m4s'], violations: [] });
  });

  it('that leaves out what it must show breaks a rule', () => {
    const { violations } = applyDelta(GOOD, delta.replace('CAN-SKIP-UNTIL=2', 'CAN-SKIP-UNTIL=12'));
    expect(violations).toEqual([{ section: '6.2.5.1', message: expect.stringContaining('less than the 12 s') }]);
  });

  it('that skips what the client never had cannot be used', () => {
    expect(() => applyDelta(GOOD, delta.replace('SEGMENTS=2', 'SEGMENTS=9'))).toThrow(/never had/);
    expect(() => applyDelta(GOOD, GOOD)).toThrow(/nothing is skipped/);
  });
});
