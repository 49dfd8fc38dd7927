import type { Migration } from 'kysely/migration';
import * as rooms from './0001-rooms.ts';
import * as platform from './0002-platform.ts';
import * as relay from './0003-relay.ts';
import * as recordings from './0004-recordings.ts';

/** In the order of their names; a migration that was released is never changed. */
export const MIGRATIONS: Record<string, Migration> = {
  '0001-rooms': rooms,
  '0002-platform': platform,
  '0003-relay': relay,
  '0004-recordings': recordings,
};
