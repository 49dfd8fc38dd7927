// The tables of migrations/0005-chat.ts as rows.
// oxlint-disable-next-line typescript/no-empty-object-type -- its owner fills it
export interface ChatTables {}
