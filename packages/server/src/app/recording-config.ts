import { z } from 'zod';
import { FOREIGN_SECRET } from './config-secret.ts';

const count = () => z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const GIB = 1024 ** 3;

/** What becomes of recordings. How they are written to files is the media server's: `media.record`. */
export const recordingSection = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether rooms may be recorded at all'),
  default: z
    .enum(['never', 'always', 'manual'])
    .default('never')
    .describe('Whether rooms are recorded that do not say; manual by their owners'),
  publish: z
    .boolean()
    .default(false)
    .describe('Whether a finished recording is a replay for everybody who may see the room at once'),
  folder: z.string().min(1).optional().describe('Where recordings are written; left out, recordings in dataDir'),
  roomQuotaBytes: count().default(0).describe('Recordings kept of one room or channel; 0 is no limit'),
  totalQuotaBytes: count().default(0).describe('Recordings kept in all, the bucket included; 0 is no limit'),
  minFreeBytes: count()
    .default(2 * GIB)
    .describe('Disk space left free: below it the oldest recordings go, unpublished ones first, then recording stops'),
  keepDays: count().default(0).describe('Recordings older than this are deleted; 0 keeps them'),
});

const plain = () =>
  z
    .string()
    .min(1)
    .regex(/^[\x21-\x7e]+$/, 'plain ASCII text without spaces');

/** An S3 bucket, or one of a server that speaks S3. */
export const s3Section = z
  .strictObject({
    endpoint: z
      .url({ protocol: /^https?$/ })
      .optional()
      .describe('Of a server that speaks S3, such as http://minio:9000; left out, Amazon'),
    region: plain().default('us-east-1').describe('Region of the bucket'),
    bucket: plain().optional().describe('Bucket of finished recordings and of files; left out, they stay here'),
    accessKeyId: plain()
      .optional()
      .describe('Left out, as the AWS SDK finds it: environment, profile, instance role')
      .meta(FOREIGN_SECRET),
    secretAccessKey: plain().optional().describe('Goes with accessKeyId').meta(FOREIGN_SECRET),
    prefix: z
      .string()
      .regex(/^(?:[\w.-]+\/)*$/, 'empty, or folders that end in /')
      .default('recordings/')
      .describe('Begins every key'),
    pathStyle: z.boolean().optional().describe('Bucket in the path and not the host name; left out, with an endpoint'),
    redirect: z
      .boolean()
      .default(true)
      .describe('Viewers fetch from the bucket by signed addresses; false streams through here'),
  })
  .refine(
    (s3) => (s3.accessKeyId === undefined) === (s3.secretAccessKey === undefined),
    's3.accessKeyId and s3.secretAccessKey go together: set both or neither',
  );
