import type { Caller } from '../../gateway/contract.ts';

export type MessageState = 'shown' | 'held' | 'deleted';

/** A message as it is kept. */
export interface ArchivedMessage {
  /** In the order of time. */
  id: string;
  roomId: string;
  channelId: string;
  person: string;
  userId: string | null;
  name: string;
  text: string;
  state: MessageState;
  /** ms since the epoch: when it was sent, and when the picture was that its author saw. */
  at: number;
  mediaAt: number;
}

/** What was said, for those who judge it later. */
export interface ChatArchive {
  find(messageId: string): Promise<ArchivedMessage | undefined>;
  /** Of a room, held ones, the oldest first. */
  held(roomId: string, limit: number): Promise<ArchivedMessage[]>;
  /** Shows a held message, or deletes one; tells the room. False when it was in another state. */
  setState(
    messageId: string,
    change: { from: MessageState; to: MessageState; by: Caller | 'system' },
  ): Promise<boolean>;
  /** Whether the person said `phrase` alone in the room since then (ms since the epoch), folded as words are. */
  hasSaid(roomId: string, userId: string, phrase: { text: string; sinceMs: number }): Promise<boolean>;
  /** Told on the node that took it, after it was committed and shown. May not throw. */
  onMessage(listener: (message: ArchivedMessage) => void): void;
}
