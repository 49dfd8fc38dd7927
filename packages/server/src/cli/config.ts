import { loadConfig } from '../app/config.ts';
import type { Command } from './command.ts';

export const configCheck: Command = {
  name: 'config check',
  summary: 'check kaibo.yaml, the environment and the flags, and say what is wrong',
  run: async ({ flags }) => {
    const { file, warnings } = await loadConfig({ flags, env: process.env });
    for (const warning of warnings) console.error(warning);
    console.log(`${file ?? 'no kaibo.yaml, defaults'}: fine`);
    return 0;
  },
};
