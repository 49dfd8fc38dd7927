import type { AdminUser } from '@kaibo/client';
import type { ShallowRef } from 'vue';
import { useI18n } from 'vue-i18n';
import IconBan from '~icons/lucide/ban';
import IconUnban from '~icons/lucide/circle-check';
import IconReset from '~icons/lucide/key-round';
import IconAudit from '~icons/lucide/scroll-text';
import IconRole from '~icons/lucide/shield-check';
import IconUser from '~icons/lucide/user-round';
import IconWallet from '~icons/lucide/wallet';
import { api } from '../../../api.ts';
import { useAccount } from '../../../stores/account.ts';
import type { RowAction } from '../row-action.ts';
import { useAct } from '../useAct.ts';
import type { UserTask } from './user-task.ts';

/** What can be done with an account; nobody bans themselves or takes their own power. */
export function useUserActions(
  task: ShallowRef<UserTask | null>,
  changed: () => Promise<void>,
): (user: AdminUser) => RowAction[] {
  const { t } = useI18n();
  const account = useAccount();
  const act = useAct();

  async function unban(user: AdminUser): Promise<void> {
    await act(() => api.admin.unban(user.id), t('admin.users.unbanned', { name: user.name }));
    await changed();
  }

  return (user) => {
    const begin = (kind: UserTask['kind']) => (): void => {
      task.value = { kind, user };
    };
    const isSelf = user.id === account.user?.id;
    const roleText = t(user.role === 'admin' ? 'admin.users.takePower' : 'admin.users.givePower');
    const profile = { name: 'user', params: { username: user.username } };
    const audit = { name: 'admin-audit', query: { actor: `user:${user.id}` } };
    const onOthers: RowAction[] = [
      { key: 'role', text: roleText, icon: IconRole, run: begin('role') },
      user.isBanned
        ? { key: 'unban', text: t('admin.users.unban'), icon: IconUnban, run: () => void unban(user) }
        : { key: 'ban', text: t('admin.users.ban'), icon: IconBan, isGrave: true, run: begin('ban') },
    ];
    return [
      { key: 'profile', text: t('admin.users.profile'), icon: IconUser, to: profile },
      { key: 'wallet', text: t('admin.users.wallet'), icon: IconWallet, run: begin('wallet') },
      { key: 'audit', text: t('admin.users.audit'), icon: IconAudit, to: audit },
      { key: 'reset', text: t('admin.users.reset'), icon: IconReset, run: begin('reset') },
      ...(isSelf ? [] : onOthers),
    ];
  };
}
