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
  cannot_gift_self: { status: 400, zh: '不能给自己送礼物', en: 'Nobody gives gifts to themselves' },
  gift_exists: { status: 409, zh: '已有同名礼物', en: 'A gift with this id exists already' },
  gift_not_found: { status: 404, zh: '礼物不存在', en: 'There is no such gift' },
  gift_order_not_found: { status: 404, zh: '没有这笔礼物订单', en: 'Nobody gave this' },
  gift_price_changed: { status: 409, zh: '礼物价格已变更，请刷新', en: 'The price of this gift has changed' },
  invalid_overlay_token: { status: 401, zh: '叠加页令牌无效', en: 'The token of the overlay is not valid (any more)' },
  overlay_not_found: { status: 404, zh: '没有这个叠加页', en: 'There is no such overlay' },
  room_takes_no_gifts: {
    status: 409,
    zh: '该直播间不能收礼物',
    en: 'This room takes no gifts, for no account owns it',
  },
  too_many_overlays: { status: 409, zh: '叠加页数量已达上限', en: 'You have as many overlays as you may have' },
  insufficient_balance: { status: 409, zh: '余额不足', en: 'There are not enough coins' },
  muted: { status: 403, zh: '你已被禁言', en: 'You are muted in this room' },
} as const satisfies Record<string, { status: number; zh: string; en: string }>;
