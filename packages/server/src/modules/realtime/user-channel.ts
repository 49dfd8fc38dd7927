import type { ChannelSource } from './contract.ts';

/** `user`: what concerns one person alone, on all their devices. Its log is all there is to it. */
export const userChannel: ChannelSource = {
  pattern: /^user:(.+)$/,
  logged: true,
  // Nobody can ask for another's: the id is put in from the account.
  authorize: async () => {},
  snapshot: async () => ({}),
  render: (data) => data,
};
