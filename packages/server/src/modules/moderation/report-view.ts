import type { Report } from './contract.ts';
import type { ReportRow } from './report-store.ts';

/** Moderators are not told who reported: it may be somebody whom they would hold it against. */
export function reportOf(row: ReportRow, as: 'admin' | 'moderator'): Report {
  return {
    id: row.id,
    roomId: row.room_id,
    subject: row.subject,
    subjectId: row.subject_id,
    reporter: as === 'admin' ? row.reporter : undefined,
    accused: row.accused ?? undefined,
    // Written from the schema's own values.
    reason: row.reason as Report['reason'],
    text: row.text ?? undefined,
    evidence: JSON.parse(row.evidence) as Record<string, unknown>,
    state: row.state,
    decision: row.decision ?? undefined,
    decidedAt: row.decided_at ?? undefined,
    createdAt: row.created_at,
  };
}
