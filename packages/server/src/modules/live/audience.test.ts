import { expect, test } from 'vitest';
import { StateUnavailableError } from '../../state/contract.ts';
import { MemoryStateCenter } from '../../state/memory.ts';
import { Audience } from './audience.ts';

const ROOM = { id: 'room', maxViewers: 0 };

/** A state center whose store goes away when the test says so. */
class UnreliableState extends MemoryStateCenter {
  isAway = false;

  override async enter(group: string, member: string, limit?: number): Promise<boolean> {
    if (this.isAway) throw new StateUnavailableError();
    return super.enter(group, member, limit);
  }

  override async leave(group: string, member: string): Promise<void> {
    if (this.isAway) throw new StateUnavailableError();
    return super.leave(group, member);
  }
}

function setUp() {
  let now = 1_000_000;
  const state = new UnreliableState({ now: () => now });
  const audience = new Audience({ state, now: () => now });
  return {
    state,
    audience,
    pass: (ms: number) => (now += ms),
    count: async () => {
      await audience.refresh(['room']);
      return audience.known('room')?.count;
    },
  };
}

test('a person with many connections is counted until the last one ends', async () => {
  const { audience, count } = setUp();
  const [first, second] = [await audience.listen(ROOM, 'user:a'), await audience.listen(ROOM, 'user:a')];
  await audience.reserve(ROOM, { clientId: 'c1', person: 'user:a', isEntitled: false });
  audience.playing('c1');
  expect([await count(), audience.total()]).toEqual([1, 1]);
  first?.();
  first?.();
  second?.();
  expect(await count()).toBe(1);
  audience.stopped('c1');
  await expect.poll(count).toBe(0);
  expect(audience.total()).toBe(0);
});

test('a reservation that is not used and an enter that is not renewed end', async () => {
  const { audience, count, pass } = setUp();
  await audience.reserve(ROOM, { clientId: 'c1', person: 'client:c1', isEntitled: false });
  await audience.enter(ROOM, 'viewer:b');
  pass(9999);
  await audience.sweep();
  expect(await count()).toBe(2);
  pass(1);
  await audience.sweep();
  await expect.poll(count).toBe(1);
  await audience.enter(ROOM, 'viewer:b');
  pass(59_999);
  await audience.sweep();
  expect(await count()).toBe(1);
  pass(1);
  await audience.sweep();
  await expect.poll(count).toBe(0);
});

test('whoever leaves and comes back at the same time is there', async () => {
  const { audience, count } = setUp();
  let leave = await audience.listen(ROOM, 'user:a');
  for (let n = 0; n < 20; n++) {
    leave?.();
    leave = await audience.listen(ROOM, 'user:a');
    expect(leave).toBeDefined();
  }
  expect(await count()).toBe(1);
});

test('a full room refuses a new person and takes a known one', async () => {
  const { audience } = setUp();
  const small = { id: 'room', maxViewers: 1 };
  expect(await audience.enter(small, 'viewer:a')).toBe(true);
  expect(await audience.enter(small, 'viewer:b')).toBe(false);
  expect(await audience.reserve(small, { clientId: 'c', person: 'viewer:b', isEntitled: false })).toBe(false);
  expect(await audience.listen(small, 'viewer:b')).toBeUndefined();
  expect(await audience.reserve(small, { clientId: 'd', person: 'viewer:a', isEntitled: false })).toBe(true);
  expect(audience.total()).toBe(1);
});

test('while the state center is away viewers come and go, and it is told when it is back', async () => {
  const { audience, count, state } = setUp();
  const leaveFirst = await audience.listen(ROOM, 'user:a');
  state.isAway = true;
  expect(await audience.listen(ROOM, 'user:b')).toBeDefined();
  leaveFirst?.();
  await expect(audience.listen({ id: 'other', maxViewers: 5 }, 'user:c')).rejects.toThrow(StateUnavailableError);
  state.isAway = false;
  await audience.sweep();
  expect(await state.members('viewers:room', 10)).toEqual(['user:b']);
  expect(await count()).toBe(1);
  expect(await state.members('viewers:other', 10)).toEqual([]);
});

test('each consumer hears of a changed room once, and again if it could not be told', async () => {
  const { audience } = setUp();
  await audience.enter(ROOM, 'viewer:a');
  const told: (readonly string[])[] = [];
  const listen = async (roomIds: readonly string[]): Promise<void> => void told.push(roomIds);
  const away = audience.tellChanged('rooms', async () => {
    throw new Error('away');
  });
  await expect(away).rejects.toThrow('away');
  await audience.tellChanged('rooms', listen);
  await audience.tellChanged('rooms', listen);
  await audience.tellChanged('list', listen);
  expect(told).toEqual([['room'], [], ['room']]);
});
