import type { Bucket, BucketOptions } from './contract.ts';

/** Undefined without `s3.bucket`. */
export async function openBucket({ bucket, ...options }: BucketOptions): Promise<Bucket | undefined> {
  if (bucket === undefined) return undefined;
  const { S3Bucket } = await import('./bucket.ts');
  return new S3Bucket({ ...options, bucket });
}

/** Where browsers fetch files, when they are sent to the bucket. */
export function bucketOrigins({ bucket, endpoint, region, pathStyle, redirect }: BucketOptions): string[] {
  if (bucket === undefined || !redirect) return [];
  if (endpoint === undefined) return [`https://${bucket}.s3.${region}.amazonaws.com`];
  const { protocol, host, origin } = new URL(endpoint);
  return [pathStyle === false ? `${protocol}//${bucket}.${host}` : origin];
}
