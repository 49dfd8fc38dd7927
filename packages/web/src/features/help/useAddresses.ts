import type { Addresses, SelfUser } from '@kaibo/client';
import { computed, ref, shallowRef, watch } from 'vue';
import type { ComputedRef, Ref } from 'vue';
import { api } from '../../api.ts';
import { useAccount } from '../../stores/account.ts';
import { obsTarget } from '../studio/obs-target.ts';

/** This server's addresses as this page reaches it, with the key of whoever is logged in. */
export interface ServerAddresses {
  /** What OBS calls the server; null until it is known, and where there is no RTMP. */
  rtmpServer: string | null;
  /** null for a visitor. */
  streamKey: string | null;
  /** Both in one; with a placeholder for the key of a visitor. */
  rtmpUrl: string | null;
  /** The same with the key hidden, for what stands on the screen. */
  rtmpMasked: string | null;
  whip: { url: string; token: string | null } | null;
  playUrls: Addresses['playUrls'];
}

const NAMELESS = 'STREAM?key=KEY';
const MASK = '••••••••';

export function useAddresses(): { addresses: ComputedRef<ServerAddresses | null>; failed: Ref<boolean> } {
  const account = useAccount();
  const patterns = shallowRef<Addresses | null>(null);
  const me = shallowRef<SelfUser | null>(null);
  const failed = ref(false);

  async function load(): Promise<void> {
    await account.restore();
    failed.value = false;
    try {
      const [found, self] = await Promise.all([
        api.rooms.addresses(),
        account.isLoggedIn ? api.users.me() : Promise.resolve(null),
      ]);
      [patterns.value, me.value] = [found, self];
    } catch {
      failed.value = true;
    }
  }

  watch(() => account.user?.id, load, { immediate: true });

  const addresses = computed(() => {
    if (patterns.value === null) return null;
    const { playUrls, publishUrls } = patterns.value;
    const own = me.value && obsTarget(me.value);
    const pattern = publishUrls.rtmp;
    const server = own?.server ?? pattern?.slice(0, -(NAMELESS.length + 1)) ?? null;
    return {
      rtmpServer: server,
      streamKey: own?.key ?? null,
      rtmpUrl: own?.url ?? pattern ?? null,
      rtmpMasked: server && (own ? `${server}/${MASK}` : (pattern ?? null)),
      whip: whipOf(me.value?.publishUrls?.whip ?? publishUrls.whip, own !== null),
      playUrls,
    };
  });
  return { addresses, failed };
}

/** OBS sends the secret as a token, so that it stands in no address. */
function whipOf(address: string | undefined, isOwn: boolean): ServerAddresses['whip'] {
  if (address === undefined) return null;
  const url = new URL(address);
  const token = url.searchParams.get('key');
  url.searchParams.delete('key');
  return { url: url.href, token: isOwn ? token : null };
}
