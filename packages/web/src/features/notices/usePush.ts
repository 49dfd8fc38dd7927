import { onMounted, ref } from 'vue';
import { api } from '../../api.ts';

/** `off` and `on` can be changed; `blocked` only in the browser's own settings. */
export type PushState = 'unknown' | 'unsupported' | 'blocked' | 'off' | 'on';

/** Whether this browser takes pushes of the platform. Asks for the permission only when it is switched on. */
export function usePush() {
  const state = ref<PushState>('unknown');
  const busy = ref(false);

  async function look(): Promise<void> {
    if (!isSupported()) state.value = 'unsupported';
    else if (Notification.permission === 'denied') state.value = 'blocked';
    else state.value = (await subscription()) === null ? 'off' : 'on';
  }

  /** @throws KaiboError, and what the browser's push service says when it cannot be reached */
  async function switchTo(on: boolean): Promise<void> {
    busy.value = true;
    try {
      await (on ? subscribe() : unsubscribe());
    } finally {
      busy.value = false;
      await look();
    }
  }

  onMounted(() => void look().catch(() => (state.value = 'unsupported')));
  return { state, busy, switchTo };
}

function isSupported(): boolean {
  return 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window;
}

async function subscription(): Promise<PushSubscription | null> {
  const registration = await navigator.serviceWorker.getRegistration('/');
  return (await registration?.pushManager.getSubscription()) ?? null;
}

async function subscribe(): Promise<void> {
  if ((await Notification.requestPermission()) !== 'granted') return;
  await navigator.serviceWorker.register('/sw.js', { scope: '/' });
  const { pushManager } = await navigator.serviceWorker.ready;
  const applicationServerKey = await api.notices.pushKey();
  const made = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  await api.notices.subscribePush(made.toJSON());
}

async function unsubscribe(): Promise<void> {
  const known = await subscription();
  if (known === null) return;
  await api.notices.unsubscribePush(known.endpoint);
  await known.unsubscribe();
}
