import { indexRecordedFile, MediaFormatError, posterOfFile, recoverRecording, replayPlaylist } from '@kaibo/media';
import { RecordedFileError } from '../contract.ts';
/** What is done with the files of the media server's recordings, whether it runs or not. */
export const recordedFiles = {
    recover: async (folder) => (await recoverRecording(folder)).parts,
    index: async (file) => {
        try {
            return await indexRecordedFile(file);
        }
        catch (error) {
            if (error instanceof MediaFormatError)
                throw new RecordedFileError(error.message, { cause: error });
            throw error;
        }
    },
    playlist: replayPlaylist,
    poster: posterOfFile,
};
