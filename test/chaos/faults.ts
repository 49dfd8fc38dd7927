import { setTimeout as sleep } from 'node:timers/promises';
import type { SeededRandom } from './random.ts';
import type { Seat, Stage } from './stage.ts';

/** What may happen to a running platform. */
export interface Fault {
  what: string;
  /** After the beginning of its round. */
  atMs: number;
  forMs: number;
  begin(): void | Promise<void>;
  end(): void | Promise<void>;
}

type Kind = (stage: Stage, random: SeededRandom) => Omit<Fault, 'atMs'>;

/** How many of them overlap, and over how long they begin. */
const MOST_AT_ONCE = 3;
const WITHIN_MS = 4000;

const KINDS: readonly Kind[] = [
  (stage, random) => nodeKill(random.pick(stage.seats), random),
  (stage, random) => nodeKill(random.pick(stage.seats), random),
  // Longer than any lease: who wakes has lost what it held.
  (stage, random) => nodePause(random.pick(stage.seats), random.between(10_000, 14_000)),
  (stage, random) => nodePause(random.pick(stage.seats), random.between(500, 4000)),
  ({ redis }, random) => ({
    what: 'kill Redis',
    forMs: random.between(200, 3000),
    begin: () => redis.kill(),
    end: () => redis.resume(),
  }),
  ({ redis }, random) => ({
    what: 'pause Redis',
    forMs: random.between(1000, 6000),
    begin: () => redis.suspend(),
    end: () => redis.wake(),
  }),
  ({ postgres }, random) => ({
    what: 'kill PostgreSQL',
    forMs: random.between(200, 3000),
    begin: () => postgres.stop('immediate'),
    end: () => postgres.resume(),
  }),
  (stage, random) => ({
    what: 'pause PostgreSQL',
    forMs: random.between(1000, 6000),
    begin: () => stage.signalPostgres('SIGSTOP'),
    end: () => stage.signalPostgres('SIGCONT'),
  }),
  (stage, random) => network(random.pick(stage.seats), 'toRedis', random),
  (stage, random) => network(random.pick(stage.seats), 'toPostgres', random),
  (stage, random) => network(random.pick(stage.seats), 'rtmp', random),
  ({ balancer }) => ({ what: 'reset everybody', forMs: 0, begin: () => balancer.drop(), end: () => undefined }),
  ({ balancer }, random) => ({
    what: 'hole before everybody',
    forMs: random.between(500, 4000),
    begin: () => balancer.hole(),
    end: () => balancer.heal(),
  }),
];

/** One round: a few faults that begin close together, no two of one kind. */
export function planRound(stage: Stage, random: SeededRandom): Fault[] {
  const faults: Fault[] = [];
  const wanted = random.between(1, MOST_AT_ONCE);
  while (faults.length < wanted) {
    const fault = random.pick(KINDS)(stage, random);
    const atMs = random.between(0, WITHIN_MS);
    if (!faults.some(({ what }) => subjectOf(what) === subjectOf(fault.what))) faults.push({ ...fault, atMs });
  }
  return faults;
}

/** Returns when all of them are over. */
export async function happen(faults: readonly Fault[], tell: (what: string) => void): Promise<void> {
  await Promise.all(
    faults.map(async ({ what, atMs, forMs, begin, end }) => {
      await sleep(atMs);
      tell(`${what} for ${forMs} ms`);
      await begin();
      await sleep(forMs);
      await end();
      tell(`${what}: over`);
    }),
  );
}

/** Two faults of one program would undo each other. */
const subjectOf = (what: string): string => what.split(' ').slice(1).join(' ');

function nodeKill({ node }: Seat, random: SeededRandom): Omit<Fault, 'atMs'> {
  const forMs = random.between(200, 4000);
  return { what: `kill node ${node.name}`, forMs, begin: () => node.kill(), end: () => node.start() };
}

function nodePause({ node }: Seat, forMs: number): Omit<Fault, 'atMs'> {
  return { what: `pause node ${node.name}`, forMs, begin: () => node.pause(), end: () => node.wake() };
}

function network(seat: Seat, which: 'toRedis' | 'toPostgres' | 'rtmp', random: SeededRandom): Omit<Fault, 'atMs'> {
  const how = random.pick(['cut', 'hole'] as const);
  const line = seat[which];
  const place = which === 'rtmp' ? `encoders of ${seat.node.name}` : `${seat.node.name} ${which}`;
  return {
    what: `${how} ${place}`,
    forMs: random.between(1000, which === 'rtmp' ? 4000 : 8000),
    begin: () => line[how](),
    end: () => line.heal(),
  };
}
