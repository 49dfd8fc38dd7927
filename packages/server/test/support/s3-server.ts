import S3rver from 's3rver';
import { onTestFinished } from 'vitest';
import { tempFolder } from '../harness.ts';

/** What s3rver lets in. */
const KEY = 'S3RVER';
const BUCKET = 'videos';

export interface S3Server {
  /** `s3` of the configuration. */
  config: { endpoint: string; region: string; bucket: string; accessKeyId: string; secretAccessKey: string };
  /** Where its objects are. */
  folder: string;
}

/** An S3 server with one bucket, ended with the test. */
export async function startS3Server(): Promise<S3Server> {
  const folder = tempFolder();
  const server = new S3rver({
    ...{ address: '127.0.0.1', port: 0, directory: folder, silent: true },
    configureBuckets: [{ name: BUCKET, configs: [] }],
  });
  const { port } = await server.run();
  onTestFinished(() => server.close());
  return {
    config: {
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      bucket: BUCKET,
      accessKeyId: KEY,
      secretAccessKey: KEY,
    },
    folder,
  };
}
