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

/** What is there without network, and push. After the page: nobody waits for it. */
export function keepForOffline(): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  const register = (): void => {
    // Where it is not allowed the app goes on without.
    navigator.serviceWorker.register('/sw.js', { scope: '/' }).catch(() => {});
  };
  if (document.readyState === 'complete') register();
  else window.addEventListener('load', register, { once: true });
}
