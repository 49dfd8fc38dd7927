import { createHash } from 'node:crypto';
import type { MediaHooks } from './contract.ts';

/** A stand-alone server without hooks: everybody may publish and play. The credential lets an encoder replace its dead self. */
export const OPEN_HOOKS: MediaHooks = {
  authorizePublish: ({ param }) =>
    Promise.resolve({ action: 'publish', credential: createHash('sha256').update(param).digest('hex') }),
  authorizePlay: () => Promise.resolve({ action: 'play' }),
  notify: () => undefined,
};
