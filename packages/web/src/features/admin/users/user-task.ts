import type { AdminUser } from '@kaibo/client';

/** What an administrator is about to do with an account, in a dialog. */
export interface UserTask {
  kind: 'ban' | 'role' | 'reset' | 'wallet';
  user: AdminUser;
}
