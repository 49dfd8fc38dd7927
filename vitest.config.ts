import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const shared = { testTimeout: 30_000, hookTimeout: 60_000 };
const slow = { testTimeout: 120_000, hookTimeout: 120_000 };

/** What any other work on the machine would change: ages of pictures, even times, and what comes through a bad network. */
const ALONE = ['hls-player', 'webrtc-loss', 'flv-publish-sdk'].map((name) => `test/realtime/${name}.test.ts`);

export default defineConfig({
  test: {
    pool: 'forks',
    // One more than the cores of a small machine: a third of the time a file waits for a program, a disk or a clock.
    maxWorkers: 3,
    // One process for many files: what they import is a third of what most cost, and none leaves anything behind.
    isolate: false,
    globalSetup: ['./test/support/memory-folder.ts'],
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
          exclude: ['packages/server/test/**', '**/node_modules/**', '**/dist/**'],
        },
      },
      {
        // Whole servers and programs.
        extends: true,
        test: {
          ...shared,
          name: 'server',
          include: ['packages/server/test/**/*.test.ts'],
        },
      },
      {
        // Real programs and real sockets, beside each other: whatever runs beside a test may take its time.
        extends: true,
        test: {
          ...slow,
          name: 'interop',
          include: ['test/**/*.test.ts'],
          exclude: ['test/realtime/**', 'test/chaos/**', 'test/soak/**', '**/node_modules/**'],
          // Three browsers on two cores wait for each other more than they work.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Browsers that encode and decode, in real time: what one leaves of the cores is enough for another.
        extends: true,
        test: {
          ...slow,
          name: 'realtime',
          include: ['test/realtime/**/*.test.ts'],
          exclude: ALONE,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: { ...slow, name: 'alone', include: ALONE, fileParallelism: false, sequence: { groupOrder: 3 } },
      },
      {
        // Minutes of a platform under load and of one that is killed: beside each other, and beside nothing else.
        extends: true,
        test: {
          ...slow,
          name: 'endurance',
          include: ['test/{chaos,soak}/**/*.test.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
