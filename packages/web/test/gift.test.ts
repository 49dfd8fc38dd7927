import { expect, test } from 'vitest';
import { COMBO_MS, ComboList } from '../src/features/gift/combo-list.ts';
import { EffectQueue } from '../src/features/gift/effect-queue.ts';
import { fireworkOf } from '../src/features/gift/effect-shapes.ts';
import { Sending } from '../src/features/gift/sending.ts';
import { percentOf } from '../src/features/overlay/goal-share.ts';

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

test('a list that nobody sees is empty when somebody looks again', () => {
  const list = new ComboList<string>();
  for (let n = 0; n < 10; n++) list.add(combo(`c${n}`, 1, n), 0);
  list.clear();
  list.tick(1);
  expect(list.shown).toEqual([]);
});

const effect = (id: string, total: number) => ({ total, combo: { id } });

function effects() {
  const shown: (string | undefined)[] = [];
  const queue = new EffectQueue<{ total: number; combo: { id: string } }>((gift) =>
    shown.push(gift && `${gift.combo.id} ${gift.total}`),
  );
  return { queue, shown };
}

test('one effect at a time, the dearest next; a combo is one effect', () => {
  const { queue, shown } = effects();
  queue.add(effect('a', 10));
  queue.add(effect('b', 10));
  queue.add(effect('c', 30));
  queue.add(effect('b', 25));
  expect([shown, queue.isWaited]).toEqual([['a 10'], true]);
  queue.add(effect('a', 20));
  expect(shown.at(-1), 'what is seen goes on').toBe('a 20');
  queue.ended();
  queue.ended();
  queue.ended();
  expect(shown.slice(2)).toEqual(['b 35', 'c 30', undefined]);
  expect(queue.isWaited).toBe(false);
});

test('effects of a storm are few, and gone when nobody looks', () => {
  const { queue, shown } = effects();
  for (let n = 0; n < 1000; n++) queue.add(effect(`e${n}`, n));
  for (let n = 0; n < 12; n++) queue.ended();
  expect(shown.filter((text) => text !== undefined)).toHaveLength(11);
  expect(shown[1]).toBe('e999 999');
  queue.add(effect('last', 1));
  queue.add(effect('waiting', 1));
  queue.clear();
  queue.ended();
  expect(shown.slice(-3)).toEqual(['last 1', undefined, undefined]);
});

test('a firework is one element', () => {
  expect(fireworkOf(1)['--dots']?.split(',')).toHaveLength(38);
  expect(fireworkOf(3)).not.toEqual(fireworkOf(4));
});

test('a goal is reached when it is, not when it is nearly so', () => {
  const percents = [0, 5, 994, 999, 1000, 5000].map((progress) => percentOf({ target: 1000, progress }));
  expect(percents).toEqual([0, 1, 99, 99, 100, 100]);
});
