import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'vue/compiler-sfc';
import { preferredLocale } from '../src/i18n/index.ts';

const src = join(dirname(fileURLToPath(import.meta.url)), '../src');
const [en, zhCN] = await Promise.all([textsOf('en'), textsOf('zh-CN')]);
/** Attributes that people read or hear. */
const SPOKEN_ATTRIBUTES = new Set([
  'alt',
  'title',
  'placeholder',
  'label',
  'hint',
  'body',
  'action',
  'what',
  'aria-label',
]);
const WORDS = /[\p{L}]{2,}|\p{Script=Han}/u;

interface TemplateNode {
  type: number;
  content?: unknown;
  props?: { type: number; name: string; value?: { content: string } }[];
  children?: TemplateNode[];
}
const [ELEMENT, TEXT, ATTRIBUTE] = [1, 2, 6];

/** All of a language, what is loaded later too. */
async function textsOf(locale: string): Promise<object> {
  const paths = globSync([`i18n/${locale}.ts`, `i18n/*.${locale}.ts`], { cwd: src });
  const modules = await Promise.all(paths.map(async (path) => (await import(join(src, path))) as { messages: object }));
  return Object.assign({}, ...modules.map(({ messages }) => messages)) as object;
}

function keysOf(value: object, prefix = ''): string[] {
  return Object.entries(value).flatMap(([key, inner]) => {
    return typeof inner === 'object' && inner !== null ? keysOf(inner, `${prefix}${key}.`) : [prefix + key];
  });
}

function textAt(key: string, messages: object): string {
  return String(key.split('.').reduce<unknown>((value, part) => (value as Record<string, unknown>)[part], messages));
}

function literalsIn(node: TemplateNode): string[] {
  const own = node.type === TEXT && WORDS.test(String(node.content)) ? [String(node.content).trim()] : [];
  const spoken = (node.props ?? [])
    .filter(
      (prop) => prop.type === ATTRIBUTE && SPOKEN_ATTRIBUTES.has(prop.name) && WORDS.test(prop.value?.content ?? ''),
    )
    .map((prop) => `${prop.name}="${prop.value?.content}"`);
  const inner = node.type === ELEMENT || node.type === 0 ? (node.children ?? []).flatMap(literalsIn) : [];
  return [...own, ...spoken, ...inner];
}

test('both languages have the same texts, none of them empty', () => {
  expect(keysOf(en).sort()).toEqual(keysOf(zhCN).sort());
  expect(keysOf(en).filter((key) => textAt(key, en) === '' || textAt(key, zhCN) === '')).toEqual([]);
});

test('both languages fill in the same values', () => {
  const slots = (text: string) => [...new Set(text.match(/\{\w+\}/g))].sort();
  const slotsOf = (messages: object) => keysOf(en).map((key) => [key, slots(textAt(key, messages))]);
  expect(slotsOf(en)).toEqual(slotsOf(zhCN));
});

test('every text that a template names exists', () => {
  const known = new Set(keysOf(en));
  const files = globSync('**/*.{vue,ts}', { cwd: src });
  const named = files.flatMap((path) =>
    [...readFileSync(join(src, path), 'utf8').matchAll(/\$?\bt\('([\w.]+)'/g)].map((match) => match[1] ?? ''),
  );
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter((key) => !known.has(key))).toEqual([]);
});

test.each(globSync('**/*.vue', { cwd: src }))('%s says nothing in one language only', (path) => {
  const { descriptor } = parse(readFileSync(join(src, path), 'utf8'));
  const ast = descriptor.template?.ast as TemplateNode | undefined;
  expect(ast ? literalsIn(ast) : []).toEqual([]);
});

test.each([
  [['zh-TW', 'en'], 'zh-CN'],
  [['en-GB', 'zh'], 'en'],
  [['fr', 'en-US'], 'en'],
  [['fr'], 'zh-CN'],
  [[], 'zh-CN'],
])('%j prefers %s', (languages, locale) => {
  expect(preferredLocale(languages)).toBe(locale);
});
