import type { HeldMessage } from '@kaibo/client';
import { useIntervalFn } from '@vueuse/core';
import { shallowRef } from 'vue';
import type { ShallowRef } from 'vue';
import { api } from '../../api.ts';

/** Held messages are told to nobody else, so they are asked for. */
const POLL_MS = 5_000;

export interface Held {
  messages: ShallowRef<readonly HeldMessage[]>;
  decide(message: HeldMessage, action: 'show' | 'delete'): Promise<void>;
}

/** The messages of a room that wait for a decision, the oldest first. */
export function useHeld(roomId: string, rights: () => { ownerToken: string | undefined }): Held {
  const messages = shallowRef<readonly HeldMessage[]>([]);

  async function load(): Promise<void> {
    try {
      messages.value = await api.moderation.held(roomId, rights());
    } catch {
      // The next look will tell.
    }
  }

  async function decide(message: HeldMessage, action: 'show' | 'delete'): Promise<void> {
    try {
      await api.moderation.decide(roomId, message.id, action, rights());
      messages.value = messages.value.filter(({ id }) => id !== message.id);
    } finally {
      await load();
    }
  }

  useIntervalFn(() => document.hidden || void load(), POLL_MS, { immediateCallback: true });
  return { messages, decide };
}
