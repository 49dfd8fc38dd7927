// The tables of migrations/0007-wallet.ts as rows.
// oxlint-disable-next-line typescript/no-empty-object-type -- its owner fills it
export interface WalletTables {}
