import { inject, provide } from 'vue';
import type { InjectionKey } from 'vue';

const KEY: InjectionKey<() => Promise<void>> = Symbol('open reports');

/** `count` looks how many reports are open, for the navigation. */
export function provideReportCount(count: () => Promise<void>): void {
  provide(KEY, count);
}

/** To be called when some were decided. */
export function useReportCount(): () => Promise<void> {
  return inject(KEY, () => Promise.resolve());
}
