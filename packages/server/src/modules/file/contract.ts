import { z } from 'zod';
import type { FileTable } from '../../database/tables/files.ts';
import { lineSchema } from '../../http/plain-text.ts';
import { userSummarySchema } from '../user/contract.ts';

/** On `control`: a file is to be removed; the node that has its bytes does so at once. Without data. */
export const FILES_CHANGED = 'files.changed';

/** How a picture is kept: every width is made when it comes, the first is the one without `?w=`. */
export const PICTURES = {
  avatar: { width: 512, height: 512, widths: [512, 256, 128, 64] },
  cover: { width: 1280, height: 720, widths: [1280, 640, 320] },
} as const;
export type PicturePurpose = keyof typeof PICTURES;

const idSchema = z.string().regex(/^[A-Za-z0-9-]{1,64}$/);
const bytes = z.number().describe('Bytes');

/** Why a file failed, or was not taken; the page has the words. */
export const fileProblemSchema = z.enum([
  'bytes_missing',
  'not_a_video',
  'video_unreadable',
  'no_video_track',
  'too_long',
  'no_ffmpeg',
  'disk_full',
  'processing_failed',
]);
export type FileProblem = z.output<typeof fileProblemSchema>;

export const storedFileSchema = z.object({
  id: z.string(),
  kind: z.enum(['image', 'video']),
  purpose: z.enum(['avatar', 'cover', 'video']),
  name: z.string().describe('As its owner called it'),
  state: z.enum(['uploading', 'processing', 'ready', 'failed']),
  problem: fileProblemSchema.optional().describe('Why it failed'),
  sizeBytes: bytes.describe('What it takes of the quota'),
  width: z.number().optional(),
  height: z.number().optional(),
  durationMs: z.number().optional(),
  url: z.string().optional().describe('Path of a picture, which everybody may read; smaller by ?w='),
  poster: z.string().optional().describe("Path of a video's picture"),
  recordingId: z.string().optional().describe('The replay that it became'),
  title: z.string().optional().describe('Of the replay'),
  published: z.boolean().optional().describe('Whether everybody may see the replay'),
  createdAt: z.number().describe('ms since the epoch'),
});
export type StoredFile = z.output<typeof storedFileSchema>;

export const fileAddressSchema = z.object({
  url: z.string().describe('A path; needs no login'),
  expiresAt: z
    .number()
    .optional()
    .describe('ms since the epoch; left out for a picture, which everybody may read for good'),
});
export type FileAddress = z.output<typeof fileAddressSchema>;

export const filesSchema = z.object({ files: z.array(storedFileSchema), total: z.number() });
export type FileList = z.output<typeof filesSchema>;

export const fileQuotaSchema = z.object({
  usedBytes: bytes.describe('What is kept, and what is reserved for what is on its way'),
  limitBytes: bytes,
});
export type FileQuota = z.output<typeof fileQuotaSchema>;

export const adminFilesSchema = z.object({
  files: z.array(storedFileSchema.extend({ owner: userSummarySchema })),
  total: z.number(),
  usedBytes: bytes.describe('By all that match'),
});
export type AdminFiles = z.output<typeof adminFilesSchema>;

const page = z.coerce.number().int().min(1).max(1_000_000).default(1);
const pageSize = z.coerce.number().int().min(1).max(200).default(50);
const kind = z.enum(['image', 'video']).optional();

export const fileParamsSchema = z.object({ id: idSchema });
export const filesQuerySchema = z.object({ kind, page, pageSize });
export type FilesQuery = z.output<typeof filesQuerySchema>;
export const adminFilesQuerySchema = filesQuerySchema.extend({
  q: z.string().max(100).optional().describe('Part of the name, in either case'),
  userId: z.string().max(64).optional(),
});
export type AdminFilesQuery = z.output<typeof adminFilesQuerySchema>;
/** Without a title it keeps the one that it has: the file's name at first. */
export const publishVideoSchema = z.object({ title: lineSchema(100).optional() }).optional();
export const successSchema = z.object({ success: z.literal(true) });

export const FILE_CHANGED = 'file.changed';
/** Payloads of the events on `user`. A file that was deleted comes with its last state and `deleted`. */
export const fileEventSchemas = {
  [FILE_CHANGED]: storedFileSchema.extend({ deleted: z.literal(true).optional() }),
};

/** `files` of the configuration. */
export interface FileOptions {
  quotaBytes: number;
  /** 0 is no limit. */
  totalBytes: number;
  minFreeBytes: number;
  imagesPerUser: number;
  imageMaxBytes: number;
  imageMaxPixels: number;
  imageWorkers: number;
  imageTimeoutMs: number;
  orphanHours: number;
  videoMaxBytes: number;
  videosPerUser: number;
  uploadsPerUser: number;
  uploadHours: number;
}

/** Whose picture it is to be. */
export interface PictureOwner {
  id: string;
}

/** How other modules take a picture that somebody names, so that pages load none from elsewhere. */
export interface PictureLibrary {
  /**
   * The path to keep: of a picture that is here as it is, without what was asked of its size; an address elsewhere is
   * fetched once, and kept as a file of `owner`.
   * @throws AppError unknown_picture, and what keeping a picture throws
   */
  adopt(address: string, about: { owner: PictureOwner | undefined; purpose: PicturePurpose }): Promise<string>;
}

export type FileRow = FileTable;
