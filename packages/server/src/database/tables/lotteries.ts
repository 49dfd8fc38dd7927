// The tables of migrations/0009-lotteries.ts as rows.
// oxlint-disable-next-line typescript/no-empty-object-type -- its owner fills it
export interface LotteryTables {}
