import { ref } from 'vue';

/** The toaster and its library are loaded with the first message, so that most visits do without. */
export const toasterWanted = ref(false);

let begin = (): void => {};
const mounted = new Promise<void>((resolve) => (begin = resolve));

/** Called by the toaster once it can show what is said. */
export function toasterMounted(): void {
  begin();
}

/** Shows a short message. */
export function toast(kind: 'success' | 'error', message: string): void {
  toasterWanted.value = true;
  void Promise.all([import('vue-sonner'), mounted]).then(([sonner]) => sonner.toast[kind](message));
}
