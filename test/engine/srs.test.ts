// Against our own media server by its SRS-compatible API, or a real SRS: SRS_BIN=…/objs/srs npx vitest run test/engine
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { SrsApi } from '../../packages/server/src/engine/srs/api.ts';
import { SrsServer } from '../../packages/server/src/engine/srs/server.ts';
import { SrsEngine } from '../../packages/server/src/engine/srs/srs-engine.ts';
import { MemoryStateCenter } from '../../packages/server/src/state/memory.ts';
import { SRS_NAME, startSrs } from '../support/srs-server.ts';
import { engineSuite, SUITE_GRACE_MS } from './suite.ts';

engineSuite(`srs on ${SRS_NAME}`, async (handler) => {
  const password = randomBytes(16).toString('hex');
  const running: { engine?: SrsEngine } = {};
  // What the gateway's route does.
  const receiver = createServer((request, response) => {
    void request.toArray().then(async (parts: Buffer[]) => {
      const body: unknown = JSON.parse(Buffer.concat(parts).toString());
      const take = request.url?.endsWith('/heartbeat')
        ? running.engine?.callbacks.heartbeat
        : running.engine?.callbacks.hook;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ code: (await take?.(body)) ?? 503 }));
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const hooksUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hooks`;
  const srs = await startSrs({ hooksUrl, apiPassword: password });
  const { rtmp, http, rtc, api } = srs.ports;
  const state = new MemoryStateCenter();
  const engine = new SrsEngine({
    servers: [
      new SrsServer({
        ...{ role: 'origin', name: 'srs', publicHost: undefined, address: undefined, lostMs: 45_000, now: Date.now },
        api: new SrsApi({ url: `http://127.0.0.1:${api}`, user: 'kaibo', password, timeoutMs: 2000 }),
        ports: { rtmp, http, rtc },
      }),
    ],
    ...{
      hooksSecret: 'not asked here',
      graceMs: SUITE_GRACE_MS,
      hls: false,
      iceServers: () => [],
      state,
      now: Date.now,
    },
    logger: pino({ level: 'silent' }),
  });
  running.engine = engine;
  await engine.start(handler);
  return {
    ...{ engine, ports: { rtmp, http } },
    [Symbol.asyncDispose]: async () => {
      await engine.stop();
      await srs[Symbol.asyncDispose]();
      await state.close();
      receiver.closeAllConnections();
      receiver.close();
    },
  };
});
