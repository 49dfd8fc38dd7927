import type { Command } from './command.ts';

/** Loaded when it is asked for: the other commands need not wait for the whole platform. */
export const start: Command = {
  name: 'start',
  summary: 'run the platform and the media server (the default)',
  run: async ({ flags, version }) => {
    const { runServer } = await import('../app/run.ts');
    await runServer({ flags, version });
    return 0;
  },
};
