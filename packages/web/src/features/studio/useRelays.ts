import type { Relay, RelayInput, UpdateRelayInput } from '@kaibo/client';
import { useIntervalFn } from '@vueuse/core';
import { ref, shallowRef } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { api } from '../../api.ts';
import { useErrorText } from '../../composables/useErrorText.ts';
import { useOwnedRooms } from '../../stores/owned-rooms.ts';
import { toast } from '../../toast.ts';

/** How sending on goes comes by no channel. */
const POLL_MS = 3_000;

export interface Relays {
  /** null before the first answer. */
  relays: ShallowRef<readonly Relay[] | null>;
  failed: Ref<boolean>;
  load(): Promise<void>;
  /** @throws KaiboError */
  add(input: RelayInput): Promise<void>;
  /** @throws KaiboError */
  change(id: string, input: UpdateRelayInput): Promise<void>;
  /** A refusal is told to the person. */
  turn(relay: Relay, enabled: boolean): Promise<void>;
  remove(relay: Relay, done: string): Promise<void>;
}

/** Where a room is sent on to, kept current while the tab is looked at. */
export function useRelays(roomId: string, isSeen: () => boolean): Relays {
  const owned = useOwnedRooms();
  const errorText = useErrorText();
  const relays = shallowRef<readonly Relay[] | null>(null);
  const failed = ref(false);
  const rights = (): { ownerToken: string | undefined } => ({ ownerToken: owned.tokenOf(roomId) });

  async function load(): Promise<void> {
    try {
      [relays.value, failed.value] = [await api.rooms.relays(roomId, rights()), false];
    } catch {
      failed.value = relays.value === null;
    }
  }

  async function attempt(action: () => Promise<unknown>, done?: string): Promise<void> {
    try {
      await action();
      if (done !== undefined) toast('success', done);
    } catch (error) {
      toast('error', errorText(error));
    }
    await load();
  }

  useIntervalFn(() => {
    if (!document.hidden && isSeen() && relays.value && relays.value.length > 0) void load();
  }, POLL_MS);
  void load();

  return {
    relays,
    failed,
    load,
    async add(input) {
      await api.rooms.addRelay(roomId, input, rights());
      await load();
    },
    async change(id, input) {
      await api.rooms.updateRelay(roomId, id, input, rights());
      await load();
    },
    turn: ({ id }, enabled) => attempt(() => api.rooms.updateRelay(roomId, id, { enabled }, rights())),
    remove: ({ id }, done) => attempt(() => api.rooms.removeRelay(roomId, id, rights()), done),
  };
}
