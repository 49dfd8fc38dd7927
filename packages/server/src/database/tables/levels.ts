// The tables of migrations/0011-levels.ts as rows.
// oxlint-disable-next-line typescript/no-empty-object-type -- its owner fills it
export interface LevelTables {}
