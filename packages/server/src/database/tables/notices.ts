// The tables of migrations/0012-notices.ts as rows.
// oxlint-disable-next-line typescript/no-empty-object-type -- its owner fills it
export interface NoticeTables {}
