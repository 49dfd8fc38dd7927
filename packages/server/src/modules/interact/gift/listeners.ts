import type { GiftHistory, GivenGift } from './contract.ts';

/** Those of other modules who want to know at once. */
export class GiftListeners implements Pick<GiftHistory, 'onGift' | 'onRefund'> {
  readonly #ofGifts: Parameters<GiftHistory['onGift']>[0][] = [];
  readonly #ofRefunds: Parameters<GiftHistory['onRefund']>[0][] = [];

  onGift(listener: Parameters<GiftHistory['onGift']>[0]): void {
    this.#ofGifts.push(listener);
  }

  onRefund(listener: Parameters<GiftHistory['onRefund']>[0]): void {
    this.#ofRefunds.push(listener);
  }

  given(gift: GivenGift): void {
    for (const listener of this.#ofGifts) listener(gift);
  }

  refunded({ roomId, channelId }: GivenGift): void {
    for (const listener of this.#ofRefunds) listener({ roomId, channelId });
  }
}
