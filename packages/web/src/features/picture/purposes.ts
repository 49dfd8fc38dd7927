import type { PictureSize } from './crop.ts';

export type PicturePurpose = 'avatar' | 'cover';

/** What the server keeps of each, in pixels. */
export const TARGETS: Record<PicturePurpose, PictureSize> = {
  avatar: { width: 512, height: 512 },
  cover: { width: 1280, height: 720 },
};

export function aspectOf(purpose: PicturePurpose): number {
  return TARGETS[purpose].width / TARGETS[purpose].height;
}
