import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Plugin } from 'vite';

interface IconSet {
  width?: number;
  height?: number;
  icons: Record<string, { body: string; width?: number; height?: number }>;
}

const PREFIX = '~emoji/';
/** On a canvas a picture has no size but its own. */
const PIXELS = 64;

/**
 * `~emoji/NAME` is the address of a picture of Fluent Emoji Flat (MIT). They are files, not script: a page draws few of
 * them, and fetches what it draws.
 */
export function emojiFiles(): Plugin {
  let set: IconSet | undefined;
  let isBuild = false;
  return {
    name: 'kaibo:emoji-files',
    enforce: 'pre',
    configResolved: ({ command }) => void (isBuild = command === 'build'),
    resolveId: (id) => (id.startsWith(PREFIX) ? `\0${id}` : null),
    load(id) {
      if (!id.startsWith(`\0${PREFIX}`)) return null;
      const name = id.slice(PREFIX.length + 1);
      set ??= readSet();
      const svg = draw(set, name);
      if (!isBuild) return `export default ${JSON.stringify(`data:image/svg+xml,${encodeURIComponent(svg)}`)};`;
      const file = this.emitFile({ type: 'asset', name: `${name}.svg`, source: svg });
      return `export default import.meta.ROLLUP_FILE_URL_${file};`;
    },
  };
}

function readSet(): IconSet {
  const path = createRequire(import.meta.url).resolve('@iconify-json/fluent-emoji-flat/icons.json');
  return JSON.parse(readFileSync(path, 'utf8')) as IconSet;
}

/** @throws Error when there is no such picture. */
function draw(set: IconSet, name: string): string {
  const icon = set.icons[name];
  if (!icon) throw new Error(`fluent-emoji-flat has no picture "${name}"`);
  const box = `0 0 ${icon.width ?? set.width ?? 16} ${icon.height ?? set.height ?? 16}`;
  const size = `width="${PIXELS}" height="${PIXELS}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="${box}">${icon.body}</svg>`;
}
