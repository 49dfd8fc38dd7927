// The tables of migrations/0013-overlays.ts as rows.
// oxlint-disable-next-line typescript/no-empty-object-type -- its owner fills it
export interface OverlayTables {}
