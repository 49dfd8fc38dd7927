import type { Plugin } from 'vite';

/** What else is always loaded as a whole, by the module that asks for it. */
const PARTS: Readonly<Record<string, string>> = {
  player: '/src/features/player/usePlayer.ts',
};

/** A list of all that the SDK has, of which each importer takes a little; `CORE` is what every page takes. */
const BARREL = '/packages/client/src/index.ts';
const CORE = '/packages/client/src/kaibo-core.ts';

/**
 * What every page loads anyway is put together in two files, the libraries and the app: a file for every small part that
 * some other page needs as well is compressed by itself, and is a request of its own.
 */
export function fewChunks(): Plugin {
  const chunkOf = new Map<string, string>();
  return {
    name: 'kaibo:few-chunks',
    apply: 'build',
    config: () => ({
      build: {
        rolldownOptions: {
          output: {
            codeSplitting: {
              groups: ['vendor', 'app', ...Object.keys(PARTS)].map((name) => ({
                name,
                test: (id: string) => chunkOf.get(id) === name,
              })),
            },
          },
        },
      },
    }),
    buildEnd() {
      const ids = [...this.getModuleIds()];
      const entries = ids.filter((id) => this.getModuleInfo(id)?.isEntry || id.endsWith(CORE));
      const walk = (roots: string[], nameOf: (id: string) => string): void => {
        const left = [...roots];
        for (let id = left.pop(); id !== undefined; id = left.pop()) {
          if (chunkOf.has(id) || id.endsWith(BARREL)) continue;
          chunkOf.set(id, nameOf(id));
          left.push(...(this.getModuleInfo(id)?.importedIds ?? []));
        }
      };
      walk(entries, (id) => (id.includes('/node_modules/') ? 'vendor' : 'app'));
      for (const [name, root] of Object.entries(PARTS)) {
        walk(
          ids.filter((id) => id.endsWith(root)),
          () => name,
        );
      }
    },
  };
}
