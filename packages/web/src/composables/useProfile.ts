import { KaiboError } from '@kaibo/client';
import type { PublicUser } from '@kaibo/client';
import { ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { useRoute, useRouter } from 'vue-router';
import { api } from '../api.ts';
import { useAccount } from '../stores/account.ts';
import { toast } from '../toast.ts';
import { useErrorText } from './useErrorText.ts';

export interface ProfileState {
  profile: ShallowRef<PublicUser | null>;
  missing: Ref<boolean>;
  error: ShallowRef<unknown>;
  busy: Ref<boolean>;
  reload(): Promise<void>;
  /** Follows or unfollows; a visitor without an account is led to the login and back. */
  toggleFollow(): Promise<void>;
}

/** One public profile, by id or user name, as the present account sees it. */
export function useProfile(who: () => string | null): ProfileState {
  const { t } = useI18n();
  const errorText = useErrorText();
  const account = useAccount();
  const route = useRoute();
  const router = useRouter();
  const profile = shallowRef<PublicUser | null>(null);
  const missing = ref(false);
  const error = shallowRef<unknown>(null);
  const busy = ref(false);

  async function reload(): Promise<void> {
    const asked = who();
    if (asked === null) return;
    await account.restore();
    try {
      const found = await api.users.profile(asked);
      if (who() !== asked) return;
      profile.value = found;
      [missing.value, error.value] = [false, null];
    } catch (reason) {
      missing.value = reason instanceof KaiboError && reason.status === 404;
      error.value = reason;
    }
  }

  async function toggleFollow(): Promise<void> {
    const user = profile.value;
    if (user === null || busy.value) return;
    if (!account.isLoggedIn) {
      await router.push({ name: 'login', query: { next: route.fullPath } });
      return;
    }
    busy.value = true;
    try {
      if (user.isFollowing) await api.users.unfollow(user.id);
      else await api.users.follow(user.id);
      toast('success', t(user.isFollowing ? 'profile.unfollowed' : 'profile.followed', { name: user.name }));
      await reload();
    } catch (reason) {
      toast('error', errorText(reason));
    } finally {
      busy.value = false;
    }
  }

  watch([who, () => account.user?.id], () => void reload(), { immediate: true });
  return { profile, missing, error, busy, reload, toggleFollow };
}
