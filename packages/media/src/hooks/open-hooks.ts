import type { MediaHooks } from './contract.ts';

/** A stand-alone server without hooks: everybody may publish and play. The credential lets an encoder replace its dead self. */
export const OPEN_HOOKS: MediaHooks = {
  authorizePublish: (client) => Promise.resolve({ action: 'publish', credential: client.param }),
  authorizePlay: () => Promise.resolve({ action: 'play' }),
  notify: () => undefined,
};
