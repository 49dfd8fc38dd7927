import type { Command } from './command.ts';

export const doctor: Command = {
  name: 'doctor',
  usage: '[--json]',
  summary: 'look at everything Kaibo needs, and say what to fix',
  options: { json: { type: 'boolean' } },
  // What it looks with is loaded only for it.
  run: async (input) => (await import('./doctor/doctor.ts')).examine(input),
};
