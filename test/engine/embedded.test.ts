import { pino } from 'pino';
import { DEFAULT_MEDIA_OPTIONS } from '../../packages/server/src/engine/embedded/defaults.ts';
import { EmbeddedEngine } from '../../packages/server/src/engine/embedded/embedded-engine.ts';
import { engineSuite, SUITE_GRACE_MS } from './suite.ts';

engineSuite('embedded', async (handler) => {
  const free = { port: 0 };
  const engine = new EmbeddedEngine({
    options: {
      ...DEFAULT_MEDIA_OPTIONS,
      ...{
        host: '127.0.0.1',
        rtmp: { ...DEFAULT_MEDIA_OPTIONS.rtmp, ...free },
        http: free,
        api: free,
        workers: 1,
        graceMs: SUITE_GRACE_MS,
      },
      rtc: { ...DEFAULT_MEDIA_OPTIONS.rtc, port: 0 },
      snapshot: { ...DEFAULT_MEDIA_OPTIONS.snapshot, enabled: false },
    },
    logger: pino({ level: 'silent' }),
  });
  await engine.start(handler);
  const { rtmp = '', flv = '' } = engine.playUrls({ host: 'h', secure: false, app: 'a', stream: 's', query: {} });
  return {
    engine,
    ports: { rtmp: Number(new URL(rtmp).port), http: Number(new URL(flv).port) },
    [Symbol.asyncDispose]: () => engine.stop(),
  };
});
