import { expect, test } from 'vitest';
import type { Lease, StateCenter } from '../../state/contract.ts';
import { StreamLeases } from './streams.ts';

/** Leases as the state center keeps them: one that this node does not release it renews, whoever still knows of it. */
class FakeLeases {
  readonly taken = new Map<string, Lease & { isHeld: boolean }>();
  isAway = false;

  async lease(name: string, value = ''): Promise<Lease | undefined> {
    if (this.isAway) throw new Error('away');
    if (this.taken.has(name)) return undefined;
    const lease = {
      ...{ name, value, isHeld: true },
      release: async () => {
        lease.isHeld = false;
        if (this.taken.get(name) === lease) this.taken.delete(name);
      },
    };
    this.taken.set(name, lease);
    return lease;
  }

  /** The node was held up for longer than a lease is believed, and then goes on. */
  holdUp(): void {
    for (const lease of this.taken.values()) lease.isHeld = false;
  }
}

function setUp() {
  const center = new FakeLeases();
  const state = Object.assign(center, { nodeId: 'one' }) as unknown as StateCenter;
  return { center, leases: new StreamLeases({ state, now: () => 0 }) };
}

test('a lease that was not renewed in time is given up before it is taken again', async () => {
  const { center, leases } = setUp();
  expect(await leases.claim('a')).toBe(true);
  expect(await leases.published('a')).toBe('stays');
  center.holdUp();
  expect(await leases.published('a')).toBe('stays');
  await leases.ended('a');
  expect(center.taken.size).toBe(0);
});

test('while the state center is away nothing is kept that would be renewed for nobody', async () => {
  const { center, leases } = setUp();
  await leases.claim('a');
  center.holdUp();
  center.isAway = true;
  await expect(leases.claim('a')).rejects.toThrow('away');
  center.isAway = false;
  expect(center.taken.size).toBe(0);
  expect(await leases.claim('a')).toBe(true);
});

test('of those who come at once all have the one lease', async () => {
  const { center, leases } = setUp();
  await leases.claim('a');
  center.holdUp();
  expect(await Promise.all([leases.claim('a'), leases.published('a'), leases.claim('a')])).toEqual([
    true,
    'stays',
    true,
  ]);
  expect(center.taken.size).toBe(1);
});
