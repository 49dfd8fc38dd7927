/** Shows a short message. The toast library is loaded with the first one. */
export function toast(kind: 'success' | 'error', message: string): void {
  void import('vue-sonner').then((sonner) => sonner.toast[kind](message));
}
