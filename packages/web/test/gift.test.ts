import { expect, test } from 'vitest';
import { COMBO_MS, ComboList } from '../src/features/gift/combo-list.ts';
import { Sending } from '../src/features/gift/sending.ts';

const ROSE = { id: 'rose' };
const CAKE = { id: 'cake' };

function sendingOf(answer: (order: string, attempt: number) => unknown) {
  const orders: string[] = [];
  const refusals: unknown[] = [];
  let [release, keys] = [Promise.withResolvers<void>(), 0];
  const sending = new Sending<{ id: string }, string>({
    send: async (gift, count, key) => {
      const order = `${key} ${count} ${gift.id}`;
      orders.push(order);
      await release.promise;
      const error = answer(order, orders.filter((each) => each === order).length);
      if (error !== undefined) throw error;
      return order;
    },
    isUnsure: (error) => error === 'lost',
    onSent: () => {},
    onRefused: (error) => refusals.push(error),
    newKey: () => `k${++keys}`,
  });
  const goOn = (): void => {
    release.resolve();
    release = Promise.withResolvers();
    release.resolve();
  };
  return { sending, orders, refusals, goOn };
}

test('presses while an order is under way are one more order of each gift', async () => {
  const { sending, orders, goOn } = sendingOf(() => undefined);
  sending.press(ROSE, 1);
  for (let press = 0; press < 9; press++) sending.press(ROSE, 1);
  sending.press(CAKE, 2);
  sending.press(ROSE, 9995);
  expect(orders).toEqual(['k1 1 rose']);
  goOn();
  await expect.poll(() => orders).toEqual(['k1 1 rose', 'k2 9999 rose', 'k3 2 cake']);
});

test('an answer that was lost is asked for by the same key; a refusal ends what waits', async () => {
  const { sending, orders, refusals, goOn } = sendingOf((order, attempt) => {
    if (order.startsWith('k1') && attempt < 3) return 'lost';
    return order.startsWith('k2') ? 'too poor' : undefined;
  });
  sending.press(ROSE, 1);
  sending.press(CAKE, 1);
  goOn();
  await expect.poll(() => refusals).toEqual(['too poor']);
  expect(orders).toEqual(['k1 1 rose', 'k1 1 rose', 'k1 1 rose', 'k2 1 cake']);
  sending.press(ROSE, 1);
  await expect.poll(() => orders.at(-1)).toBe('k3 1 rose');
});

const combo = (id: string, count: number, total: number) => ({ id, gift: id, count, total });

test('a combo that goes on stays in its place, and is gone when nothing more came', () => {
  const list = new ComboList<string>();
  list.add(combo('a', 1, 5), 0);
  list.add(combo('b', 1, 5), 100);
  list.add(combo('a', 3, 10), 4000);
  list.add(combo('a', 2, 5), 4001);
  expect(list.shown.map(({ id, count, total }) => [id, count, total])).toEqual([
    ['a', 3, 20],
    ['b', 1, 5],
  ]);
  list.tick(COMBO_MS + 200);
  expect(list.shown.map(({ id }) => id)).toEqual(['a']);
  list.tick(COMBO_MS + 4001);
  expect(list.shown).toEqual([]);
});

test('of many the dearest is next, and the list stays short', () => {
  const list = new ComboList<string>();
  for (let n = 0; n < 100; n++) list.add(combo(`c${n}`, 1, n), 0);
  expect(list.shown.map(({ id }) => id)).toEqual(['c0', 'c1', 'c2']);
  list.tick(COMBO_MS);
  expect(list.shown.map(({ id }) => id)).toEqual(['c99', 'c98', 'c97']);
  for (let round = 2; round < 12; round++) list.tick(COMBO_MS * round);
  expect(list.shown).toEqual([]);
});
