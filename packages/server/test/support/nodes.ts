import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import type { Config } from '../../src/app/config.ts';
import { openDatabase } from '../../src/database/database.ts';
import { RedisStateCenter } from '../../src/state/redis/index.ts';
import { startTest, tempFolder, type TestKaibo } from '../harness.ts';
import { People } from '../rooms-people.ts';
import { RedisServer } from './redis-server.ts';

const logger = pino({ level: 'silent' });
const GRACE_MS = 500;

export type TestNode = TestKaibo & { dataDir: string };

/** Two platforms on one Redis and one database, in this process; `change` is told which of them. */
export async function startNodes(
  people = new People(),
  change: (config: Config, name: 'a' | 'b') => void = () => {},
): Promise<[TestNode, TestNode]> {
  const redis = await RedisServer.start();
  onTestFinished(() => redis[Symbol.asyncDispose]());
  const { database, close } = await openDatabase({
    folder: tempFolder(),
    poolSize: 5,
    statementTimeoutMs: 10_000,
    logger,
  });
  onTestFinished(close);
  const folders = [tempFolder(), tempFolder()] as const;
  const start = async (dataDir: string, name: 'a' | 'b'): Promise<TestNode> => {
    const state = await RedisStateCenter.connect({ url: redis.url, prefix: 'test', historySize: 100, logger });
    onTestFinished(() => state.close());
    const changed = (config: Config): void => {
      config.access = 'open';
      config.media.graceMs = GRACE_MS;
      config.node.name = name;
      change(config, name);
    };
    const started = await startTest({
      dataDir,
      change: changed,
      database,
      state,
      authenticator: people,
      users: people,
    });
    return { ...started, dataDir };
  };
  const first = await start(folders[0], 'a');
  copyFileSync(join(folders[0], 'signing.key'), join(folders[1], 'signing.key'));
  return [first, await start(folders[1], 'b')];
}
