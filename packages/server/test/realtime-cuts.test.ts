// The three transports under random cuts, on the fan-out alone; the whole platform does the same in test/spine.
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { pollingClient, socketClient, sseClient } from '../../../test/support/event-clients.ts';
import { MemoryStateCenter } from '../src/state/memory.ts';
import { startFront } from './support/socket-front.ts';

const EVENTS = 10_000;

test.each([0, 20])(
  '10,000 events reach clients that are cut at random, in order and once (window %i ms)',
  async (mergeWindowMs) => {
    const { base, state } = await startFront({
      state: new MemoryStateCenter({ historySize: EVENTS }),
      realtime: { mergeWindowMs },
      sources: [
        {
          pattern: /^news$/,
          logged: true,
          sharesSnapshot: true,
          authorize: async () => {},
          snapshot: async () => ({}),
          render: (data) => data,
        },
      ],
    });
    const clients = [socketClient, sseClient, pollingClient].flatMap((make) => [
      make(() => base, 'news'),
      make(() => base, 'news'),
    ]);
    onTestFinished(async () => void (await Promise.all(clients.map((client) => client[Symbol.asyncDispose]()))));
    await Promise.all(clients.map(({ ready }) => ready));
    for (let n = 1; n <= EVENTS; n++) {
      await state.append('news', { id: String(n), event: 'news.written', data: { n } });
      if (n % 10 === 0) await turn();
      if (n % 200 === 0) clients[Math.floor(Math.random() * clients.length)]?.cut();
    }
    const expected = Array.from({ length: EVENTS }, (_, n) => n + 1);
    for (const { name, seen, losses } of clients) {
      await expect.poll(() => seen.length, { timeout: 20_000, message: name }).toBe(EVENTS);
      expect(seen.map(({ offset }) => offset)).toEqual(expected);
      expect(losses, name).toBe(0);
    }
  },
);
