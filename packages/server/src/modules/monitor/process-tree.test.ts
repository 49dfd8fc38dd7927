import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../../../../test/support/until.ts';
import { ProcessTree } from './process-tree.ts';

/** Works for as long as it lives, as a grandchild: a shell that waits for it stands between. */
const BUSY = `"${process.execPath}" -e "for (;;);" & wait`;

test('what a child of a child uses is used by the platform, and no more when it is gone', async () => {
  const tree = new ProcessTree();
  expect((await tree.sample()).rssBytes).toBeGreaterThan(10_000_000);
  const before = (await tree.sample()).rssBytes;
  const child = spawn('sh', ['-c', BUSY], { detached: true });
  const end = (): void => void process.kill(-(child.pid ?? 0), 'SIGKILL');
  onTestFinished(() => void (child.exitCode === null && child.signalCode === null && end()));
  let [used, rssBytes] = [0, 0];
  await until(
    async () => {
      const sample = await tree.sample();
      used += sample.cpuSeconds;
      rssBytes = sample.rssBytes;
      return used > 0.3 && rssBytes > before + 20_000_000;
    },
    { timeoutMs: 20_000, what: 'the grandchild at work' },
  );
  end();
  await once(child, 'exit');
  await until(async () => (await tree.sample()).rssBytes < rssBytes - 15_000_000, {
    ...{ timeoutMs: 20_000, what: 'the grandchild forgotten' },
  });
});

test('where the system does not tell of processes it is this one alone', async () => {
  const tree = new ProcessTree('/nowhere');
  const { rssBytes, cpuSeconds } = await tree.sample();
  expect(rssBytes).toBeGreaterThan(10_000_000);
  expect(cpuSeconds).toBeGreaterThanOrEqual(0);
});
