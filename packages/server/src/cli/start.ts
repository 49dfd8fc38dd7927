import { runServer } from '../app/run.ts';
import type { Command } from './command.ts';

export const start: Command = {
  name: 'start',
  summary: 'run the platform and the media server (the default)',
  run: async ({ flags, version }) => {
    await runServer({ flags, version });
    return 0;
  },
};
