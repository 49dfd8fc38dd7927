import { convertVideo, findFfmpeg, inspectVideo, VideoFileError } from '@kaibo/media';
import { type EngineImporter, VideoImportError } from '../contract.ts';

/** What is made of video files by the ffmpeg of this machine. */
export const videoImporter: EngineImporter = {
  get isAvailable() {
    return findFfmpeg() !== undefined;
  },
  inspect: (file, { signal }) => told(() => inspectVideo(file, { signal })),
  convert: (order) => told(() => convertVideo(order)),
};

async function told<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof VideoFileError) throw new VideoImportError(error.code, error.message);
    throw error;
  }
}
