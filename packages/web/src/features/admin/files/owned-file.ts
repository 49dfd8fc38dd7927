import type { StoredFile, UserSummary } from '@kaibo/client';

/** A file and whose it is. */
export type OwnedFile = StoredFile & { owner: UserSummary };
