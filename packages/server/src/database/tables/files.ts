// The tables of migrations/0014-files.ts as rows.

export interface FileTables {
  files: FileTable;
  file_gate: FileGateTable;
  picture_imports: PictureImportTable;
}

/** `deleted` is seen by nobody any more; its bytes are still being removed. */
export type FileState = 'uploading' | 'processing' | 'ready' | 'failed' | 'deleted';

/** A picture or a video of an account. */
export interface FileTable {
  id: string;
  user_id: string;
  kind: 'image' | 'video';
  purpose: 'avatar' | 'cover' | 'video';
  /** As its owner called it: a text, never a path. */
  name: string;
  state: FileState;
  /** Why it failed: a stable code. */
  problem: string | null;
  /** What is kept; 0 before it is known. */
  size_bytes: number;
  /** Of the quota, before it is known what it takes; counts instead of `size_bytes` while it is larger. */
  reserved_bytes: number;
  width: number | null;
  height: number | null;
  duration_ms: number | null;
  /** As the content says; null before that was looked at. */
  media_type: string | null;
  /** Where its bytes are in the storage; null while there are none, or once a recording has them. */
  storage_key: string | null;
  /** The folder that holds its bytes; null is the bucket. */
  folder_id: string | null;
  /** The replay that it became. */
  recording_id: string | null;
  created_at: number;
  updated_at: number;
  /** When it goes by itself unless it came so far that this is null. */
  expires_at: number | null;
}

/** One row, locked by whoever takes of the quotas: two that ask at one time are counted one after the other. */
export interface FileGateTable {
  id: string;
  passed_at: number;
}

/** A picture of another site that somebody shows, to be fetched once. */
export interface PictureImportTable {
  purpose: 'avatar' | 'cover';
  /** The account or the room that shows it. */
  subject_id: string;
  /** Whose file it becomes. */
  user_id: string;
  url: string;
  tries: number;
}
