// The tables of migrations/0008-gifts.ts as rows.
// oxlint-disable-next-line typescript/no-empty-object-type -- its owner fills it
export interface GiftTables {}
