/** Of chat, moderation, money, lotteries and notices; `words.ts` has the rest. */
export const INTERACTION_ERRORS = {
  idempotency_key_required: {
    status: 400,
    zh: '请求缺少有效的 Idempotency-Key',
    en: 'The request needs an Idempotency-Key of 8 to 100 letters, digits, - and _',
  },
  idempotency_key_reused: {
    status: 409,
    zh: '该 Idempotency-Key 已用于另一个请求',
    en: 'This Idempotency-Key was used for another request',
  },
  balance_limit: { status: 409, zh: '余额已达上限', en: 'The balance cannot grow any further' },
  insufficient_balance: { status: 409, zh: '余额不足', en: 'There are not enough coins' },
  muted: { status: 403, zh: '你已被禁言', en: 'You are muted in this room' },
} as const satisfies Record<string, { status: number; zh: string; en: string }>;
