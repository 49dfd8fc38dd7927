import { z } from 'zod';
import { isNetwork } from './interaction-config.ts';

const count = () => z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

const network = () => z.string().refine((text) => isNetwork(text), 'an IP address, or a network such as 10.1.0.0/16');

/** Pictures and videos of accounts. Where there is a bucket (`s3`), they are kept in it. */
export const filesSection = z.strictObject({
  folder: z.string().min(1).optional().describe('Where files are kept without a bucket; left out, files in dataDir'),
  bucketPrefix: z
    .string()
    .regex(/^(?:[\w.-]+\/)+$/, 'folders that end in /')
    .default('files/')
    .describe('Begins the key of every file in the bucket'),
  quotaBytes: count()
    .default(5 * GIB)
    .describe('Files of one account; 0 is no limit'),
  totalBytes: count().default(0).describe('Files of all accounts; 0 is no limit'),
  minFreeBytes: count().default(GIB).describe('Disk space left free: below it no file is taken'),
  imagesPerUser: count().default(500).describe('Pictures of one account; 0 is no limit'),
  imageMaxBytes: z
    .int()
    .min(1024)
    .max(100 * MIB)
    .default(10 * MIB)
    .describe('Largest picture that is taken'),
  imageMaxPixels: z.int().min(10_000).max(1_000_000_000).default(50_000_000).describe('… and most pixels in it'),
  imageWorkers: z.int().min(1).max(64).default(2).describe('Pictures that are worked on at one time'),
  imageTimeoutMs: z.int().min(1000).max(300_000).default(20_000).describe('How long that may take'),
  orphanHours: z.int().min(1).max(8760).default(24).describe('A picture that nobody shows goes after this'),
  allowPrivate: z
    .array(network())
    .max(100)
    .default([])
    .describe('Addresses and networks that pictures may be fetched from though they are not public'),
  videoMaxBytes: count()
    .default(4 * GIB)
    .describe('Largest video that is taken; 0 takes none'),
  videosPerUser: count().default(500).describe('Videos of one account; 0 is no limit'),
  uploadsPerUser: z.int().min(1).max(100).default(5).describe('Uploads of one account that are not finished'),
  uploadHours: z.int().min(1).max(720).default(24).describe('An upload goes when nothing came for this long'),
});
