/** What was given, for those who ask for it as a condition. */
export interface GiftHistory {
  /** Coins that the user gave in the room since then (ms since the epoch), refunded ones left out; of one gift, if named. */
  sentSince(roomId: string, userId: string, options: { sinceMs: number; giftId?: string }): Promise<number>;
  /** Told on the node that took it, after the commit. May not throw. */
  onGift(
    listener: (gift: {
      roomId: string;
      channelId: string;
      userId: string;
      giftId: string;
      total: number;
      at: number;
    }) => void,
  ): void;
}
