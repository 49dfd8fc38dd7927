import type { ChannelListener, ChannelMessage, KaiboError } from '@kaibo/client';
import { inject, onScopeDispose, provide, toValue, watch } from 'vue';
import type { InjectionKey } from 'vue';
import { realtime } from '../../api.ts';
import { useViewerId } from '../../composables/useViewerId.ts';
import { useAccount } from '../../stores/account.ts';
import { useOwnedRooms } from '../../stores/owned-rooms.ts';

const CHANNELS = ['room', 'chat', 'live'] as const;
type RoomChannel = (typeof CHANNELS)[number];
type EventListener = (data: unknown, at: number) => void;

/** What happens in one room, for every part of the page. Whatever is begun here ends with the caller's scope. */
export interface RoomEvents {
  readonly roomId: string;
  /** The owner's or play token that opens the room to this browser, if it needs one. */
  token(): string | undefined;
  /**
   * One kind of event, like `gift.sent`, whichever of the room's channels brings it. `at` is the server's clock, ms
   * since the epoch. What was missed for longer than the server remembers is not told: see `listen`.
   */
  on<Data>(event: string, listener: (data: Data, at: number) => void): void;
  /** A whole channel: a snapshot at first and whenever events were lost, then the events. */
  listen(channel: RoomChannel, listener: ChannelListener): void;
  /** The server does not let us listen to a channel of the room. */
  onRefused(listener: (error: KaiboError) => void): void;
}

const KEY: InjectionKey<RoomEvents> = Symbol('room events');

/** The events of the page's room; only below a page that called `provideRoomEvents`. */
export function useRoomEvents(): RoomEvents {
  const events = inject(KEY);
  if (!events) throw new Error('no room events are provided here');
  return events;
}

/**
 * Listens to a room for the calling page and what stands on it. `playToken` opens a private one; one that is renewed is
 * a function. A page that nobody watches, but a program shows, is not `counted`.
 */
export function provideRoomEvents(
  roomId: string,
  playToken?: string | (() => string | undefined),
  { counted = true }: { counted?: boolean } = {},
): RoomEvents {
  const events = createRoomEvents(roomId, { playToken, counted });
  provide(KEY, events);
  return events;
}

function createRoomEvents(
  roomId: string,
  { playToken, counted }: { playToken: string | (() => string | undefined) | undefined; counted: boolean },
): RoomEvents {
  const account = useAccount();
  const owned = useOwnedRooms();
  const listeners = new Map<string, Set<EventListener>>();
  const refusals = new Set<(error: KaiboError) => void>();
  const token = (): string | undefined => owned.tokenOf(roomId) ?? toValue(playToken);
  const onRefused = (error: KaiboError): void => refusals.forEach((listener) => listener(error));
  /** Counted once over tabs and media, hence with the viewer's id; and not before it is known whose login it is. */
  const access = Promise.all([counted ? useViewerId() : null, account.restore()]).then(([vid]) => ({
    vid: vid ?? undefined,
  }));

  function listen(channel: RoomChannel, listener: ChannelListener): void {
    let isOver = false;
    let stop = (): void => {};
    const follow = (): void =>
      void access.then(({ vid }) => {
        stop();
        if (!isOver) stop = realtime.subscribe(`${channel}:${roomId}`, listener, { token: token(), vid, onRefused });
      });
    // With the one before, nobody would be let in again after a lost connection.
    watch(token, follow, { immediate: true });
    onScopeDispose(() => {
      isOver = true;
      stop();
    });
  }

  function dispatch(message: ChannelMessage): void {
    if (message.kind !== 'event') return;
    for (const listener of listeners.get(message.event) ?? []) listener(message.data, message.at);
  }

  function on<Data>(event: string, listener: (data: Data, at: number) => void): void {
    const all = listeners.get(event) ?? new Set();
    listeners.set(event, all.add(listener as EventListener));
    onScopeDispose(() => all.delete(listener as EventListener));
  }

  for (const channel of CHANNELS) listen(channel, dispatch);
  return {
    roomId,
    token,
    on,
    listen,
    onRefused: (listener) => {
      refusals.add(listener);
      onScopeDispose(() => refusals.delete(listener));
    },
  };
}
