// The tables of migrations/0010-rankings.ts as rows.
// oxlint-disable-next-line typescript/no-empty-object-type -- its owner fills it
export interface RankTables {}
