import { ref } from 'vue';

/** Chromium's question, kept until somebody wants to be asked; it is in no type library. */
interface InstallPrompt extends Event {
  prompt(): Promise<void>;
}

let offer: InstallPrompt | null = null;
/** Whether this browser would install the app now. */
export const isInstallable = ref(false);

/** Before the page has anything to show: browsers say it once, and early. */
export function hearInstallOffers(): void {
  window.addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    offer = event as InstallPrompt;
    isInstallable.value = true;
  });
  window.addEventListener('appinstalled', () => (isInstallable.value = false));
}

/** Asks; a browser lets itself be asked once. */
export async function install(): Promise<void> {
  isInstallable.value = false;
  await offer?.prompt();
  offer = null;
}

/** When the page and its first picture are there, also on a slow machine. */
const OFFLINE_AFTER_MS = 5000;

/** The page for when there is no network, and push. Nobody waits for it. */
export function keepForOffline(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  setTimeout(() => {
    // Where it is not allowed the app goes on without.
    navigator.serviceWorker.register('/sw.js', { scope: '/' }).catch(() => {});
  }, OFFLINE_AFTER_MS);
}
