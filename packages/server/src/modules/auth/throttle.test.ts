import { expect, onTestFinished, test } from 'vitest';
import { MemoryStateCenter } from '../../state/memory.ts';
import { Throttle, type Attempt } from './throttle.ts';

const attempt = (address: string, account = 'ada'): Attempt => ({ what: 'login', account, address });

function setUp() {
  const clock = { nowMs: 1_800_000_000_000 };
  const state = new MemoryStateCenter({ now: () => clock.nowMs });
  onTestFinished(() => state.close());
  const throttle = new Throttle(state, () => clock.nowMs);
  /** Seconds to wait, or 0. */
  const waitOf = async (who: Attempt): Promise<number> => {
    try {
      await throttle.assertMayTry(who);
      return 0;
    } catch (error) {
      return Number((error as { details: { seconds: string } }).details.seconds);
    }
  };
  return { clock, throttle, waitOf };
}

test('wrong passwords of one account from one address wait longer and longer, up to a quarter of an hour', async () => {
  const { clock, throttle, waitOf } = setUp();
  const who = attempt('203.0.113.7');
  const waits: number[] = [];
  for (let failure = 0; failure < 18; failure++) {
    await throttle.failed(who);
    const seconds = await waitOf(who);
    waits.push(seconds);
    clock.nowMs += seconds * 1000;
    expect(await waitOf(who)).toBe(0);
  }
  expect(waits).toEqual([0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]);
});

test('who guesses does not lock the owner out: not from elsewhere, and from everywhere for half a minute at most', async () => {
  const { throttle, waitOf } = setUp();
  for (let failure = 0; failure < 20; failure++) await throttle.failed(attempt('203.0.113.7'));
  expect(await waitOf(attempt('203.0.113.7'))).toBe(900);
  expect(await waitOf(attempt('198.51.100.1'))).toBe(0);
  for (let failure = 0; failure < 300; failure++) await throttle.failed(attempt(`2001:db8::${failure}`));
  expect(await waitOf(attempt('198.51.100.1'))).toBe(30);
});

test('who tries one password with many accounts waits too, and others at other addresses do not', async () => {
  const { throttle, waitOf } = setUp();
  for (let index = 0; index < 105; index++) await throttle.failed(attempt('203.0.113.7', `user-${index}`));
  expect(await waitOf(attempt('203.0.113.7', 'somebody-else'))).toBeGreaterThan(0);
  expect(await waitOf(attempt('198.51.100.1', 'somebody-else'))).toBe(0);
});

test('the right password clears the account at this address', async () => {
  const { throttle, waitOf } = setUp();
  const who = attempt('203.0.113.7');
  for (let failure = 0; failure < 4; failure++) await throttle.failed(who);
  await throttle.succeeded(who);
  for (let failure = 0; failure < 4; failure++) await throttle.failed(who);
  expect(await waitOf(who)).toBe(0);
});

test('failures are forgotten after an hour of quiet', async () => {
  const { clock, throttle, waitOf } = setUp();
  const who = attempt('203.0.113.7');
  for (let failure = 0; failure < 20; failure++) await throttle.failed(who);
  clock.nowMs += 3_600_000;
  await throttle.failed(who);
  expect(await waitOf(who)).toBe(0);
});
