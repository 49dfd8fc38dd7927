import { pathToFileURL } from 'node:url';
import { baseCompile } from '@intlify/message-compiler';
import type { Plugin } from 'vite';

const TEXTS = /\/src\/i18n\/(?:[\w-]+\.)?(?:en|zh-CN)\.ts$/;
/** What the compiler knows: slots, plurals and links. All else is shown as it is written. */
const SYNTAX = /[{}|@]/;

/**
 * Texts are compiled while the app is built, so that no visitor loads the compiler: those with something to fill in
 * become trees, and only texts that no browser has to read.
 */
export function compiledTexts(): Plugin {
  return {
    name: 'kaibo:compiled-texts',
    apply: 'build',
    enforce: 'pre',
    config: () => ({ define: { __INTLIFY_DROP_MESSAGE_COMPILER__: 'true' } }),
    async transform(_code, id) {
      if (!TEXTS.test(id)) return null;
      const texts = (await import(pathToFileURL(id).href)) as Record<string, unknown>;
      const lines = Object.entries(texts).map(
        ([name, value]) => `export const ${name} = ${JSON.stringify(compile(value))};`,
      );
      return { code: lines.join('\n'), map: null };
    },
  };
}

function compile(value: unknown): unknown {
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, compile(inner)]));
  if (typeof value !== 'string' || !SYNTAX.test(value)) return value;
  const { ast } = baseCompile(value, {
    jit: true,
    location: false,
    onError: ({ message }) => {
      throw new Error(`${message}: ${value}`);
    },
  });
  return ast;
}
