import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from '../app/config.ts';
import { readSigningKey } from '../app/data-folder.ts';
import { OperatorError } from '../app/operator-error.ts';
import { openDatabase } from '../database/database.ts';
import { loadSharedKey } from '../modules/auth/index.ts';
import { AppError } from '../modules/gateway/contract.ts';
import type { NodeView } from '../modules/node/contract.ts';
import { CallTokens, NodeCalls } from '../modules/node/index.ts';
import type { Command, CommandInput } from './command.ts';
import { configOf, databaseOptionsOf, withDatabase } from './site.ts';

const WAIT_EVERY_MS = 1000;
const COMMON = { url: { type: 'string' } } as const;

interface Line {
  calls: NodeCalls;
  /** Of the node that is asked. */
  api: string;
}

/** Speaks with the platform that runs, as its nodes speak with each other: by the key that they share. */
async function onLine<Result>(
  { flags, options }: CommandInput,
  work: (line: Line) => Promise<Result>,
): Promise<Result> {
  const config = await configOf(flags);
  const calls = new NodeCalls(new CallTokens(await signingKeyOf(config), Date.now));
  const api = typeof options['url'] === 'string' ? originOf(options['url']) : ownOrigin(config);
  try {
    return await work({ calls, api });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const hint = error.code === 'node_unavailable' ? ` (asked at ${api}; another one by --url http://HOST:PORT)` : '';
    throw new OperatorError(error.words('en') + hint, { cause: error });
  }
}

async function signingKeyOf(config: Config): Promise<Buffer> {
  const own = readSigningKey(resolve(config.dataDir));
  if (config.database.url !== undefined)
    return withDatabase(
      () => openDatabase(databaseOptionsOf(config)),
      ({ database }) => loadSharedKey(database, { own, now: Date.now }),
    );
  if (own === undefined) throw new OperatorError(`no platform has run with dataDir ${resolve(config.dataDir)}`);
  return own;
}

function ownOrigin({ host, http: { port } }: Config): string {
  const own = host === '0.0.0.0' || host === '::' || host === '[::]' ? '127.0.0.1' : host;
  return `http://${own.includes(':') && !own.startsWith('[') ? `[${own}]` : own}:${port}`;
}

function originOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol))
    throw new OperatorError(`--url takes http://HOST:PORT, not ${url}`);
  return parsed.origin;
}

/** By id, by the beginning of one, or by name. */
async function nodeOf({ calls, api }: Line, word: string): Promise<NodeView> {
  const nodes = await calls.nodes(api);
  const found = nodes.filter(({ id, name }) => name === word || (word.length >= 4 && id.startsWith(word)));
  const [node, other] = found;
  if (node === undefined) throw new OperatorError(`there is no node ${word}; see kaibo node list`);
  if (other !== undefined) throw new OperatorError(`there are several nodes ${word}; name one by its id`);
  return node;
}

const list: Command = {
  name: 'node list',
  usage: '[--url URL]',
  summary: 'show the nodes of the platform that runs, what they carry and whether they drain',
  options: COMMON,
  run: (input) =>
    onLine(input, async ({ calls, api }) => {
      for (const { id, name, region, state, version, load } of await calls.nodes(api)) {
        const { streams = 0, viewers = 0, connections = 0 } = load ?? {};
        const carried = `${streams} streams  ${viewers} viewers  ${connections} sockets`;
        console.log([id, state.padEnd(8), name, region ?? '-', version, carried].join('  '));
      }
      return 0;
    }),
};

const drain: Command = {
  name: 'node drain',
  usage: 'NAME [--timeout SECONDS] [--wait] [--url URL]',
  summary: 'empty a node before it is stopped; --wait until it is',
  operands: 1,
  options: { ...COMMON, timeout: { type: 'string' }, wait: { type: 'boolean' } },
  run: (input) =>
    onLine(input, async (line) => {
      const { operands, options } = input;
      const node = await nodeOf(line, operands[0] ?? '');
      await line.calls.drain(line.api, node.id, { timeoutMs: millisecondsOf(options['timeout']) });
      console.log(`${node.name} drains`);
      if (options['wait'] !== true) return 0;
      for (;;) {
        const now = (await line.calls.nodes(line.api)).find(({ id }) => id === node.id);
        if (now === undefined || now.state === 'drained') break;
        if (now.state === 'active') throw new OperatorError(`${node.name} was told to work again`);
        await delay(WAIT_EVERY_MS);
      }
      console.log(`${node.name} is drained and may be stopped`);
      return 0;
    }),
};

const undrain: Command = {
  name: 'node undrain',
  usage: 'NAME [--url URL]',
  summary: 'let a node work again that drains',
  operands: 1,
  options: COMMON,
  run: (input) =>
    onLine(input, async (line) => {
      const node = await nodeOf(line, input.operands[0] ?? '');
      await line.calls.undrain(line.api, node.id);
      console.log(`${node.name} works again`);
      return 0;
    }),
};

function millisecondsOf(seconds: string | boolean | undefined): number | undefined {
  if (seconds === undefined) return undefined;
  const value = Number(seconds);
  if (!(Number.isInteger(value) && value >= 0 && value <= 86_400))
    throw new OperatorError(`--timeout takes whole seconds up to 86400, not ${seconds}`);
  return value * 1000;
}

export const nodeCommands: readonly Command[] = [list, drain, undrain];
