import { expect, test } from 'vitest';
import { connect, startTest } from './harness.ts';
import { onDatabase } from './support/databases.ts';

onDatabase('postgres', 'a platform', (_open, databases) => {
  test('whose database goes away says so, fails fast, and serves again when it is back', async () => {
    const { url } = await databases.options();
    const { base, call, create, kaibo, log } = await startTest({
      change: (config) => {
        config.database.url = url;
      },
    });
    const gauge = async (): Promise<string> => (await fetch(`http://127.0.0.1:${kaibo.ports.metrics}/metrics`)).text();
    expect((await call('/readyz')).body).toMatchObject({ status: 'ready', breakers: { database: 'closed' } });
    const channel = `room:${(await create()).id}`;
    const socket = await connect(base);
    await databases.server().stop('immediate');
    await expect
      .poll(async () => {
        const answer = await call('/api/rooms');
        expect(answer).toMatchObject({ status: 503, body: { code: 'database_unavailable' } });
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
        return (await call('/readyz')).body['breakers'];
      })
      .toMatchObject({ database: 'open' });
    expect((await call('/readyz')).status).toBe(503);
    expect(await gauge()).toMatch(/kaibo_breaker_state\{dependency="database",state="(open|half-open)"\} 1/);
    // Who asks for a channel meanwhile is told to ask again, and that is no fault of theirs, however often they do.
    for (let id = 0; id < 60; id++) {
      socket.send({ type: 'subscribe', id, channel });
      const told = await socket.next((message) => message.id === id);
      expect(told).toMatchObject({ type: 'error', code: 'database_unavailable', retryAfter: expect.any(Number) });
    }
    await databases.server().resume();
    await expect.poll(() => call('/api/rooms').then(({ status }) => status), { timeout: 15_000 }).toBe(200);
    expect((await call('/readyz')).body).toMatchObject({ status: 'ready', breakers: { database: 'closed' } });
    expect(await gauge()).toContain('kaibo_breaker_state{dependency="database",state="closed"} 1');
    // It is said once, by the database's own line, and not by all who wait for it.
    const loud = log.filter((line) => /"level":[45]0/.test(line));
    expect(loud.filter((line) => line.includes('DatabaseUnavailableError'))).toEqual([]);
    expect(loud.filter((line) => line.includes('the database is not available')).length).toBeGreaterThan(0);
    socket.send({ type: 'subscribe', id: 'again', channel });
    expect(await socket.next(({ type }) => type === 'snapshot')).toMatchObject({ channel, recovered: false });
  });
});
