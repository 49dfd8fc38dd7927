// The tables of migrations/0006-moderation.ts as rows.
// oxlint-disable-next-line typescript/no-empty-object-type -- its owner fills it
export interface ModerationTables {}
