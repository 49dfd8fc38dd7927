import { expect, it } from 'vitest';
import { newEntry } from '../cluster/directory-entry.ts';
import type { StreamReport } from '../cluster/messages.ts';
import type { FindingSeverity } from './finding.ts';
import { FindingBook } from './finding-book.ts';

const report = (owner: boolean, ...severities: FindingSeverity[]): StreamReport => ({
  ...{ key: 'live/a', owner, viewers: 0, sentBytes: 0, recvBytes: 0, recvBps: 0, frames: 0, fps: 0 },
  ...{ lastPacketAtMs: 0, lastDtsMs: 0, notices: [] },
  findings: severities.map((severity) => ({ code: 'b_frames', severity, sinceMs: 1, value: Math.random() })),
});

it('tells of what changed, by the owner of a stream that is published', () => {
  const entry = newEntry('live/a', { app: 'live', stream: 'a' });
  const book = new FindingBook((key) => (key === 'live/a' ? entry : undefined));
  const take = (...reports: StreamReport[]): string[] =>
    book.take(reports, 5).map((event) => {
      const findings = event.type === 'findings' ? event.findings : [];
      return `${event.stream} ${findings.map(({ severity }) => severity).join()}`;
    });
  expect(take(report(true, 'info'))).toEqual([]); // nobody publishes
  entry.state = 'publishing';
  expect(take(report(true), { ...report(true, 'info'), key: 'live/gone' }, report(false, 'info'))).toEqual([]);
  expect(take(report(true, 'info'), report(false))).toEqual(['a info']);
  expect(take(report(true, 'info'))).toEqual([]); // though its value is another
  expect(take(report(true, 'warning'))).toEqual(['a warning']);
  expect(take(report(true))).toEqual(['a ']);

  expect(take(report(true, 'info'))).toEqual(['a info']);
  entry.state = 'interrupted';
  const { app, stream } = entry;
  book.heard({ type: 'ended', app, stream, reason: 'ended', atMs: 6 });
  expect(take(report(true))).toEqual([]);
  entry.state = 'publishing';
  expect(take(report(true))).toEqual([]);
  expect(take(report(true, 'info'))).toEqual(['a info']);
});
