import type { ShelvedVideo } from '../recording/contract.ts';
import type { FileRow, StoredFile } from './contract.ts';
import { fileView } from './view.ts';

/** A video as its owner sees it. `replay` is what became of it, once there is something. */
export function videoView(row: FileRow, replay: ShelvedVideo | undefined): StoredFile {
  const view = fileView(row);
  if (row.state !== 'ready' || replay === undefined) return { ...view, recordingId: undefined };
  const { poster, title, published, durationMs } = replay;
  return { ...view, poster, title, published, durationMs };
}
