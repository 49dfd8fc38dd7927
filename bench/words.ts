// `npm run bench -- words [--quick] [--n 20000] [--runs 5]`
// What a list of words costs: memory and time to have it ready, and CPU for each message, beside no list at all.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readingsOf } from '../packages/server/src/modules/moderation/fold.ts';
import { hasLink } from '../packages/server/src/modules/moderation/links.ts';
import { WordMatcher } from '../packages/server/src/modules/moderation/word-matcher.ts';
import { median } from './statistics.ts';

/** Of a list that is made ready. */
interface Cost {
  cpuMs: number;
  /** For which others waited. */
  longestStepMs: number;
  heapMb: number;
}
interface ListedWord {
  word: string;
}
type Matcher = WordMatcher<ListedWord>;

/** What people write, and what they write to get past a list. */
const MESSAGES = [
  '主播今天状态真不错啊，这把稳了',
  '来了来了，老铁们晚上好 👍👍',
  '666666',
  '哈哈哈哈哈哈',
  'hello everyone, nice stream today! how are you doing?',
  'GG wp, next round in 5 minutes (see https://example.com)',
  'sh1t th1s game is l@ggy',
  'ｆ ｕ ｌ ｌ ｗ ｉ ｄ ｔ ｈ',
  'а\u200bb\u200bc сосна',
  '这是一条比较长的弹幕，用来看看一条接近上限的消息要花多少时间，'.repeat(4),
];
const HAN_FROM = 0x4e00;
const HAN_COUNT = 3000;

/** Half of two to five Chinese characters, half of four to eleven Latin letters; the same ones each time. */
function listOf(size: number): ListedWord[] {
  let seed = 1;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (seed >>> 8) % below;
  };
  const letters = (count: number, first: number, range: number): string =>
    Array.from({ length: count }, () => String.fromCodePoint(first + random(range))).join('');
  return Array.from({ length: size }, (_, index) => ({
    word: index % 2 === 0 ? letters(2 + random(4), HAN_FROM, HAN_COUNT) : letters(4 + random(8), 0x61, 26),
  }));
}

async function build(words: readonly ListedWord[], last?: Matcher): Promise<{ matcher: Matcher; cost: Cost }> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const before = process.memoryUsage().heapUsed;
  const started = process.cpuUsage();
  let isDone = false;
  let longestStepMs = 0;
  const watching = (async () => {
    while (!isDone) {
      const step = process.cpuUsage();
      await setImmediate();
      longestStepMs = Math.max(longestStepMs, msSince(step));
    }
  })();
  const matcher = last ?? (await WordMatcher.build<ListedWord>([]));
  await matcher.update(words);
  const cpuMs = msSince(started);
  isDone = true;
  await watching;
  collect();
  return { matcher, cost: { cpuMs, longestStepMs, heapMb: (process.memoryUsage().heapUsed - before) / 1e6 } };
}

function msSince(started: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(started);
  return (user + system) / 1000;
}

/** µs of CPU for a message, on average. */
function costOf(work: (text: string) => unknown, rounds: number): number {
  for (let round = 0; round < rounds / 4; round++) for (const text of MESSAGES) work(text);
  const started = process.cpuUsage();
  for (let round = 0; round < rounds; round++) for (const text of MESSAGES) work(text);
  const { user, system } = process.cpuUsage(started);
  return (user + system) / (rounds * MESSAGES.length);
}

export async function benchWords(args: string[], machine: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { quick: { type: 'boolean', default: false }, n: { type: 'string' }, runs: { type: 'string' } },
  });
  const size = Number(values.n ?? 20_000);
  const runs = Number(values.runs ?? (values.quick ? 1 : 5));
  if (!Number.isInteger(size) || size < 0 || size > 50_000) throw new Error('--n takes 0 to 50,000');
  if (!Number.isInteger(runs) || runs < 1 || runs > 50) throw new Error('--runs takes 1 to 50');
  const rounds = values.quick ? 500 : 3000;
  const words = listOf(size);
  const none = await build([]);
  const rows: { [name: string]: number[] } = {};
  const kept: Matcher[] = [];
  const note = (name: string, value: number): void => void (rows[name] ??= []).push(value);
  for (let run = 0; run < runs; run++) {
    const { matcher, cost } = await build(words);
    // So that the next one is measured beside it and not in its place.
    kept.push(matcher);
    note('CPU to have it ready, ms', cost.cpuMs);
    note('CPU of the longest step of it, ms', cost.longestStepMs);
    note('heap, MB', cost.heapMb);
    const { cost: again } = await build([...words, { word: `new${run}` }], matcher);
    note('CPU after one more word, ms', again.cpuMs);
    note('CPU of the longest step of it then, ms', again.longestStepMs);
    note(
      `µs a message: ${size} words`,
      costOf((text) => matcher.match(readingsOf(text)), rounds),
    );
    note(
      'µs a message: no words (folding alone)',
      costOf((text) => none.matcher.match(readingsOf(text)), rounds),
    );
    note('µs a message: is there a link', costOf(hasLink, rounds));
  }
  const table = [
    '| | median | runs |',
    '|---|---|---|',
    ...Object.entries(rows).map(
      ([name, found]) =>
        `| ${name} | ${median(found).toFixed(1)} | ${found.map((value) => value.toFixed(1)).join(', ')} |`,
    ),
  ].join('\n');
  console.log(table);
  if (values.quick) return;
  const stamp = new Date().toISOString().slice(0, 16).replace('T', '-').replace(':', '');
  const file = join(import.meta.dirname, 'results', `${stamp}-words.md`);
  mkdirSync(join(import.meta.dirname, 'results'), { recursive: true });
  const facts = [...machine, `load: ${MESSAGES.length} messages, ${rounds} times a run`].map((fact) => `- ${fact}`);
  writeFileSync(file, [`# Words ${stamp}`, '', ...facts, '', table, ''].join('\n'));
  console.log(`\nsaved: ${relative(process.cwd(), file)}`);
}
