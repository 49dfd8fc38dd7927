import { join } from 'node:path';
import { expect, test } from 'vitest';
import { effectScope, nextTick, shallowRef } from 'vue';
import { compiledTexts } from '../compiled-texts.ts';
import { useSteadyOrder } from '../src/composables/useSteadyOrder.ts';

interface Counted {
  id: string;
  viewers: number;
}

test('what is sorted by changing numbers keeps its place; what is new comes last, what is gone is gone', async () => {
  const scope = effectScope();
  const items = shallowRef<Counted[]>([
    { id: 'a', viewers: 3 },
    { id: 'b', viewers: 2 },
  ]);
  const sorted = (): Counted[] => items.value.toSorted((a, b) => b.viewers - a.viewers);
  const steady = scope.run(() => useSteadyOrder(sorted, () => false));
  const ids = async (): Promise<string | undefined> => {
    await nextTick();
    return steady?.value.map(({ id, viewers }) => `${id}${viewers}`).join(' ');
  };
  expect(await ids()).toBe('a3 b2');
  items.value = [
    { id: 'a', viewers: 1 },
    { id: 'b', viewers: 9 },
    { id: 'c', viewers: 50 },
  ];
  // Also before anything else heard of it.
  expect(steady?.value.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  expect(await ids()).toBe('a1 b9 c50');
  items.value = items.value.filter(({ id }) => id !== 'a');
  expect(await ids()).toBe('b9 c50');
  scope.stop();
});

test.each(['en', 'zh-CN', 'search.en', 'search.zh-CN'])(
  'the texts of %s are compiled where something is filled in',
  async (name) => {
    const { transform } = compiledTexts();
    if (typeof transform !== 'function') throw new Error('it transforms nothing');
    const compile = transform as unknown as (code: string, id: string) => Promise<{ code: string } | null>;
    const path = join(import.meta.dirname, `../src/i18n/${name}.ts`);
    const answer = await compile('', path);
    const [, json = ''] = answer?.code.match(/export const messages = (.*);$/m) ?? [];
    const texts = JSON.stringify(JSON.parse(json));
    expect(texts).not.toMatch(/"[^"]*[{}|][^"]*"(?=[,}])/);
    expect(texts).toContain('"type":4,"key":"');
    expect(await compile('', join(import.meta.dirname, '../src/i18n/index.ts'))).toBeNull();
  },
);
