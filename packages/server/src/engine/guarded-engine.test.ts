import { expect, test } from 'vitest';
import { FakeEngine } from '../../test/fake-engine.ts';
import { EngineUnavailableError } from './contract.ts';
import { GuardedEngine } from './guarded-engine.ts';

const OFFER = 'v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\na=recvonly\r\n';

class BrokenEngine extends FakeEngine {
  isBroken = true;
  asked = 0;

  override async streams(): ReturnType<FakeEngine['streams']> {
    this.asked++;
    if (this.isBroken) throw new Error('no answer');
    return super.streams();
  }
}

test('an engine that does not answer is not asked again for a moment, and then found to be back', async () => {
  const engine = new BrokenEngine();
  const guarded = new GuardedEngine(engine);
  for (let n = 0; n < 8; n++) await expect(guarded.streams()).rejects.toBeInstanceOf(EngineUnavailableError);
  expect(engine.asked).toBe(5);
  expect(guarded.breaker).toBe('open');
  engine.isBroken = false;
  await expect.poll(() => guarded.streams().catch(() => undefined), { timeout: 5000 }).toEqual([]);
  expect(guarded.breaker).toBe('closed');
});

test('WebRTC goes through too: a waiting viewer is no engine that does not answer, and is never what an outage ends with', async () => {
  const engine = new BrokenEngine();
  engine.isBroken = false;
  engine.rtc.playWaitMs = 3300;
  await engine.start({
    authorizePublish: async () => ({ action: 'publish', credential: 'key' }),
    authorizePlay: async () => ({ action: 'play' }),
    notify: () => {},
  });
  const guarded = new GuardedEngine(engine);
  const offer = { intent: 'play', app: 'live', stream: 'a', param: '', address: '192.0.2.1', sdp: OFFER } as const;
  // Longer than any other question may take.
  expect(await guarded.rtc?.open(offer)).toMatchObject({ action: 'deny', code: 'stream_not_found' });
  engine.begin('a');
  const opened = await guarded.rtc?.open(offer);
  expect(opened).toMatchObject({ action: 'answer' });
  const { sessionId } = opened as { sessionId: string };
  expect(await guarded.rtc?.trickle(sessionId, null)).toBe(true);
  const closed: string[] = [];
  guarded.rtc?.onClosed((id, reason) => closed.push(`${id} ${reason}`));
  engine.rtc.end(sessionId, 'gone');
  expect(closed).toEqual([`${sessionId} gone`]);
  expect(await guarded.rtc?.close(sessionId)).toBe(false);

  engine.isBroken = true;
  for (let n = 0; n < 5; n++) await guarded.streams().catch(() => undefined);
  await expect(guarded.rtc?.open(offer)).rejects.toBeInstanceOf(EngineUnavailableError);
  expect(guarded.breaker).toBe('open');
  engine.isBroken = false;
  await expect
    .poll(async () => (await guarded.rtc?.open(offer).catch(() => undefined))?.action, { timeout: 5000 })
    .toBe('answer');
  expect(guarded.iceServers('ann')).toEqual(engine.iceServers('ann'));
}, 15_000);
