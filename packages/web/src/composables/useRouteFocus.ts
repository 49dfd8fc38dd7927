import { nextTick, onScopeDispose, ref } from 'vue';
import type { Ref } from 'vue';
import { useRouter } from 'vue-router';

/**
 * What a browser does with a new page and a page of this app has to do by itself: the focus goes to the main part, for
 * keys and screen readers, and the name of the page is said. Returns what there is to say.
 */
export function useRouteFocus(main: Readonly<Ref<HTMLElement | null>>): Ref<string> {
  const said = ref('');
  const leave = useRouter().afterEach(async (to, from, failure) => {
    // The first page is the browser's own matter, and another query or hash is the same page.
    if (failure || from.matched.length === 0 || to.path === from.path) return;
    await nextTick();
    said.value = document.title;
    const element = main.value;
    // A page may have put the focus where it wants it.
    if (element === null || (element.contains(document.activeElement) && element !== document.activeElement)) return;
    element.focus({ preventScroll: true });
  });
  onScopeDispose(leave);
  return said;
}
