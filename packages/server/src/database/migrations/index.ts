import type { Migration } from 'kysely/migration';
import * as rooms from './0001-rooms.ts';
import * as platform from './0002-platform.ts';
import * as relay from './0003-relay.ts';
import * as recordings from './0004-recordings.ts';
import * as chat from './0005-chat.ts';
import * as moderation from './0006-moderation.ts';
import * as wallet from './0007-wallet.ts';
import * as gifts from './0008-gifts.ts';
import * as lotteries from './0009-lotteries.ts';
import * as rankings from './0010-rankings.ts';
import * as levels from './0011-levels.ts';
import * as notices from './0012-notices.ts';
import * as overlays from './0013-overlays.ts';
import * as files from './0014-files.ts';
import * as insight from './0015-insight.ts';
import * as search from './0016-search.ts';
import * as uploads from './0017-uploads.ts';
import * as pictures from './0018-pictures.ts';
import * as logs from './0019-logs.ts';
import * as alarms from './0020-alarms.ts';

/** In the order of their names; a migration that was released is never changed. */
export const MIGRATIONS: Record<string, Migration> = {
  '0001-rooms': rooms,
  '0002-platform': platform,
  '0003-relay': relay,
  '0004-recordings': recordings,
  '0005-chat': chat,
  '0006-moderation': moderation,
  '0007-wallet': wallet,
  '0008-gifts': gifts,
  '0009-lotteries': lotteries,
  '0010-rankings': rankings,
  '0011-levels': levels,
  '0012-notices': notices,
  '0013-overlays': overlays,
  '0014-files': files,
  '0015-insight': insight,
  '0016-search': search,
  '0017-uploads': uploads,
  '0018-pictures': pictures,
  '0019-logs': logs,
  '0020-alarms': alarms,
};
