import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const shared = { testTimeout: 30_000, hookTimeout: 60_000 };
const slow = { testTimeout: 120_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default', './tools/count-reporter.ts'],
    // What programs of tests load is compiled once, as the launcher does it for everybody.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules/.cache/kaibo') },
    projects: [
      {
        extends: true,
        test: {
          ...shared,
          name: 'unit',
          include: ['packages/**/*.test.ts', 'bench/**/*.test.ts', 'tools/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**'],
        },
      },
      {
        // Real programs and real sockets, beside each other: whatever runs beside a test may take its time.
        extends: true,
        test: {
          ...slow,
          name: 'interop',
          include: ['test/**/*.test.ts'],
          exclude: ['test/realtime/**', '**/node_modules/**'],
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Browsers that encode and decode, in real time: one file after the other, so that nothing competes for the cores.
        extends: true,
        test: {
          ...slow,
          name: 'realtime',
          include: ['test/realtime/**/*.test.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
