import { expect, test } from 'vitest';
import { MemoryStateCenter } from '../../../state/memory.ts';
import { Pace } from './pace.ts';

const OPTIONS = { retentionDays: 0, burst: 3, perSecond: 1, roomPerSecond: 10, danmakuPerSecond: 40 };

/** Two nodes on one state, whose clocks differ. */
function setUp() {
  let nowMs = 1_800_000_000_000;
  const now = (): number => nowMs;
  const state = new MemoryStateCenter({ now });
  const nodes = [0, 50].map((skewMs) => new Pace({ state, options: OPTIONS, now: () => nowMs + skewMs }));
  const [a, b] = nodes as [Pace, Pace];
  const turn = async (node: Pace, seconds = 10): Promise<string> => {
    try {
      await node.takeTurn('channel', 'user:a', seconds);
      return 'taken';
    } catch (error) {
      const { code, details } = error as { code: string; details: { seconds: string } };
      return `${code} ${details.seconds}`;
    }
  };
  return { a, b, turn, wait: (ms: number) => void (nowMs += ms) };
}

test('slow mode is one clock for all nodes, which being refused does not move', async () => {
  const { a, b, turn, wait } = setUp();
  expect(await turn(a)).toBe('taken');
  for (let n = 1; n < 10; n++) {
    wait(1000);
    expect(await turn(n % 2 === 0 ? a : b)).toBe(`slow_mode ${10 - n}`);
  }
  wait(1000);
  expect(await turn(a)).toBe('taken');
  expect(await turn(b)).toBe('slow_mode 10');
});

test('of many at once on several nodes one gets the turn', async () => {
  const { a, b, turn, wait } = setUp();
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => turn(n % 2 === 0 ? a : b)));
    expect(answers.filter((answer) => answer === 'taken')).toHaveLength(1);
    wait(10_050);
  }
});

test('a turn that came to nothing is given back', async () => {
  const { a, b, turn } = setUp();
  const giveBack = await a.takeTurn('channel', 'user:a', 10);
  expect(await turn(b)).toMatch('slow_mode');
  await giveBack();
  expect(await turn(b)).toBe('taken');
});

test('a slow mode that was made shorter holds at once', async () => {
  const { a, turn, wait } = setUp();
  expect(await turn(a, 3600)).toBe('taken');
  wait(5000);
  expect(await turn(a, 5)).toBe('taken');
});

test('floods are cut by person and by room, whichever node they come by', async () => {
  const { a, b, wait } = setUp();
  const say = async (node: Pace, person: string, text: string): Promise<string> => {
    try {
      await node.take({ roomId: 'room', person, text, isTrusted: false });
      return 'said';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  const flood = await Promise.all([a, b, a, b, a, b].map((node, n) => say(node, 'user:a', `text ${n}`)));
  expect(flood).toEqual(['said', 'said', 'said', 'rate_limited', 'rate_limited', 'rate_limited']);
  wait(1000);
  expect([await say(b, 'user:a', 'text 7'), await say(a, 'user:a', 'text 8')]).toEqual(['said', 'rate_limited']);
  const crowd = await Promise.all(
    Array.from({ length: 20 }, (_, n) => say(n % 2 === 0 ? a : b, `user:${n}`, `hello ${n}`)),
  );
  expect(crowd.filter((answer) => answer === 'said')).toHaveLength(9);
});

test('the same is not said again and again, whichever node it goes by', async () => {
  const { a, b, wait } = setUp();
  const say = async (node: Pace, text: string, isTrusted = false): Promise<string> => {
    wait(1000);
    try {
      await node.take({ roomId: 'room', person: 'user:a', text, isTrusted });
      return 'said';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };
  expect([await say(a, 'Buy  now'), await say(b, 'ＢＵＹ now')]).toEqual(['said', 'said']);
  expect([await say(a, 'buy now'), await say(b, 'buy now')]).toEqual(['message_repeated', 'message_repeated']);
  expect([await say(b, 'buy now', true), await say(b, 'something else')]).toEqual(['said', 'said']);
  wait(30_000);
  expect([await say(a, 'buy now'), await say(b, 'buy now')]).toEqual(['said', 'message_repeated']);
});
