// A room's life on an SRS: our own media server by its SRS-compatible API, or a real one: SRS_BIN=…/objs/srs npx vitest run test/srs
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { CutProxy } from '../support/cut-proxy.ts';
import { publishTestPicture } from '../support/ffmpeg.ts';
import { HttpFlvPlayer } from '../support/flv-client.ts';
import type { TestRoom } from '../support/platform.ts';
import { freePort } from '../support/ports.ts';
import { Program } from '../support/program.ts';
import { SRS_NAME, startSrs } from '../support/srs-server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const LAUNCHER = join(import.meta.dirname, '../../packages/server/bin/kaibo.mjs');
/** What was missed is put right within this. */
const HEALED = { timeoutMs: 20_000, intervalMs: 200 };
const API_AWAY_MS = 30_000;

interface Person {
  person: string;
}

test(
  `a room on ${SRS_NAME}: live, counted, kicked, doubled, restarted, without its API, ended`,
  { timeout: 240_000 },
  async () => {
    using folder = tempDir();
    const [hooksSecret, apiPassword] = [randomBytes(24).toString('hex'), randomBytes(24).toString('hex')];
    const [http, metrics] = [await freePort(), await freePort()];
    const base = `http://localhost:${http}`;
    await using srs = await startSrs({
      hooksUrl: `http://127.0.0.1:${http}/api/hooks/srs/${hooksSecret}`,
      apiPassword,
    });
    await using api = await CutProxy.start(() => srs.ports.api);
    const start = async (): Promise<Program> => {
      const program = Program.start(process.execPath, [
        ...[LAUNCHER, 'start', `--dataDir=${folder.file('data')}`, '--log.format=json', '--lottery.beacon=delay'],
        ...[`--http.port=${http}`, `--metrics.port=${metrics}`, `--engine.srs.hooksSecret=${hooksSecret}`],
        ...['--media.graceMs=20000', '--limits.eventLoopDelayMs=60000', ...srs.flags(api.port)],
      ]);
      await program.saw(/"msg":"ready"/, 60_000);
      return program;
    };
    const call = async <Body>(path: string, init?: RequestInit): Promise<Body> => {
      const response = await fetch(base + path, { ...init, signal: AbortSignal.timeout(20_000) });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return (await response.json()) as Body;
    };
    const json = { 'content-type': 'application/json' };
    let kaibo = await start();
    try {
      // Create, publish, live.
      const room = await call<TestRoom>('/api/rooms', { method: 'POST', headers: json, body: '{"title":"一台 SRS"}' });
      expect(Object.keys(room.playUrls).toSorted()).toEqual(['flv', 'rtmp', 'webrtc', 'whep']);
      expect(Object.keys(room.publishUrls).toSorted()).toEqual(['rtmp', 'whip']);
      const read = (): Promise<TestRoom> => call(`/api/rooms/${room.id}`);
      const counts = async (viewers: number, what: string): Promise<unknown> =>
        until(async () => (await read()).viewerCount === viewers, { ...HEALED, what });
      const wrong = publishTestPicture(room.publishUrls.rtmp.replace(/key=.*/, 'key=wrong'), { seconds: 10 });
      expect((await wrong.ended).code).not.toBe(0);
      expect((await read()).status).toBe('preparing');
      const encoder = publishTestPicture(room.publishUrls.rtmp);
      await until(async () => (await read()).status === 'live', { ...HEALED, what: 'live' });

      // Counted, one kicked.
      const path = new URL(room.playUrls.flv).pathname;
      const players = await Promise.all([1, 2].map(() => HttpFlvPlayer.open({ port: srs.ports.http, path })));
      for (const player of players) await player.received(10);
      await counts(2, 'two viewers');
      const owner = { authorization: `Bearer ${room.ownerToken}` };
      const people = await call<Person[]>(`/api/rooms/${room.id}/viewers`, { headers: owner });
      await fetch(`${base}/api/rooms/${room.id}/kick`, {
        ...{ method: 'POST', headers: { ...json, ...owner } },
        body: JSON.stringify({ person: people[0]?.person }),
      });
      await until(() => players.some(({ response }) => response.closed), {
        ...HEALED,
        what: 'the end of the kicked one',
      });
      await counts(1, 'one viewer after the other was kicked');

      // A second publisher with the right key.
      const second = publishTestPicture(room.publishUrls.rtmp, { seconds: 10 });
      expect((await second.ended).code, second.output).not.toBe(0);
      expect(encoder.isRunning).toBe(true);
      expect(await read()).toMatchObject({ status: 'live' });

      // Kaibo dies mid-stream and is started again: SRS has carried on.
      await kaibo.stop('SIGKILL');
      const remaining = players.find(({ response }) => !response.closed);
      const before = remaining?.flv.tags.length ?? 0;
      kaibo = await start();
      await counts(1, 'the viewer who stayed');
      expect(await read()).toMatchObject({ status: 'live' });
      expect((await read()).interrupted).not.toBe(true);
      await remaining?.received(before + 25);

      // Its API is away; hooks still come and go.
      api.cut();
      const late = await HttpFlvPlayer.open({ port: srs.ports.http, path });
      await delay(API_AWAY_MS);
      expect(await read()).toMatchObject({ status: 'live', viewerCount: 2 });
      api.heal();
      late.close();
      await counts(1, 'the count after the API is back');
      expect(await read()).toMatchObject({ status: 'live' });

      // The platform misses the publisher's end: comparing finds it.
      await kaibo.stop('SIGKILL');
      await encoder.stop('SIGKILL');
      remaining?.close();
      kaibo = await start();
      await until(async () => (await read()).interrupted === true, { ...HEALED, what: 'interrupted' });
      await using again = publishTestPicture(room.publishUrls.rtmp);
      await until(async () => (await read()).interrupted !== true, { ...HEALED, what: 'resumed' });

      // The end.
      await call(`/api/rooms/${room.id}/close`, { method: 'POST', headers: owner });
      await until(() => !again.isRunning, { ...HEALED, what: 'the end of its publisher' });
      await until(async () => (await read()).status === 'ended', { what: 'ended' });
      for (const secret of [hooksSecret, apiPassword, room.streamKey.split('key=')[1] ?? ''])
        expect(kaibo.output).not.toContain(secret);
    } finally {
      await kaibo.stop();
    }
  },
);
