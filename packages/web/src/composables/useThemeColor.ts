import { watch } from 'vue';
import { usePreferences } from '../stores/preferences.ts';

/** The browser's own bars in the colour of the page, also when another look was chosen than the system's. */
export function useThemeColor(): void {
  const preferences = usePreferences();
  watch(
    () => preferences.dark,
    () => {
      const paper = getComputedStyle(document.documentElement).getPropertyValue('--paper').trim();
      for (const meta of document.querySelectorAll('meta[name="theme-color"]')) meta.setAttribute('content', paper);
    },
    { immediate: true, flush: 'post' },
  );
}
