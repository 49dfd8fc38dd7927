import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { tempFolder } from '../harness.ts';

const PROGRAM = fileURLToPath(import.meta.resolve('s3rver/bin/s3rver.js'));
/** What s3rver lets in. */
const KEY = 'S3RVER';

export interface S3Server {
  /** `s3` of the configuration. */
  config: { endpoint: string; region: string; bucket: string; accessKeyId: string; secretAccessKey: string };
  /** As when it cannot be reached. */
  freeze(): void;
  thaw(): void;
  /** Where its objects are. */
  folder: string;
}

/** An S3 server with one bucket in a process of its own, ended with the test. */
export async function startS3Server(): Promise<S3Server> {
  const folder = tempFolder();
  const args = [PROGRAM, '-d', folder, '-a', '127.0.0.1', '-p', '0', '--configure-bucket', 'videos'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await expect.poll(() => output, { timeout: 15_000 }).toMatch(/listening on 127\.0\.0\.1:\d+/);
  const port = /listening on 127\.0\.0\.1:(\d+)/.exec(output)?.[1];
  return {
    config: {
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      bucket: 'videos',
      accessKeyId: KEY,
      secretAccessKey: KEY,
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    folder,
  };
}
