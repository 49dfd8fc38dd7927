// The tables of migrations/0008-gifts.ts as rows.
import type { Flag } from '../schema.ts';

export type GiftEffect = 'none' | 'banner' | 'fullscreen';

export interface GiftTables {
  gifts: GiftTable;
  gift_orders: GiftOrderTable;
  gift_combos: GiftComboTable;
}

/** What can be given. */
export interface GiftTable {
  /** Readable: `rose`. */
  id: string;
  name_zh: string;
  name_en: string;
  /** A name of the set of icons that the page has. */
  icon: string;
  /** Coins for one. */
  price: number;
  effect: GiftEffect;
  /** What the page plays; null for the effect alone. */
  animation: string | null;
  combo: Flag;
  sort: number;
  enabled: Flag;
  created_at: number;
  updated_at: number;
}

/** One gift, as it was when it was given: without anybody's name, for it is a page of the books. */
export interface GiftOrderTable {
  id: string;
  room_id: string;
  channel_id: string;
  sender_id: string;
  receiver_id: string;
  gift_id: string;
  name_zh: string;
  name_en: string;
  icon: string;
  price: number;
  effect: GiftEffect;
  animation: string | null;
  count: number;
  /** Coins that the sender paid. */
  total: number;
  /** Coins of them that the receiver got. */
  share: number;
  combo_id: string;
  combo_count: number;
  /** Of the ledger. */
  transfer_id: string;
  /** Of the request, made one's own by the sender. */
  idem_key: string;
  at: number;
  refunded_at: number | null;
  refund_transfer_id: string | null;
}

/** What somebody gives in a room, gift by gift, while they go on. */
export interface GiftComboTable {
  room_id: string;
  sender_id: string;
  gift_id: string;
  combo_id: string;
  combo_count: number;
  /** Pieces and coins in this room in all. */
  pieces: number;
  coins: number;
  last_at: number;
}
