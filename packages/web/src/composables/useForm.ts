import { KaiboError } from '@kaibo/client';
import { computed, ref, shallowRef } from 'vue';
import type { ComputedRef, Ref } from 'vue';
import { useErrorText } from './useErrorText.ts';

export interface FormState {
  busy: Ref<boolean>;
  /** What stands at a field, by its name; what belongs to none stands under ''. */
  problems: ComputedRef<Record<string, string>>;
  /** The server's code of the last refusal. */
  code: ComputedRef<string>;
  /** Sends unless it is being sent. True when it went through. */
  submit(): Promise<boolean>;
  clear(): void;
}

/**
 * One form: its button waits while it is sent, and a refusal is shown at the field it is about. `check` says what is
 * wrong before anything is sent; `fields` says which error code belongs to which field.
 */
export function useForm(form: {
  check?: () => Record<string, string>;
  send: () => Promise<unknown>;
  fields?: Readonly<Record<string, string>>;
}): FormState {
  const errorText = useErrorText();
  const busy = ref(false);
  const found = ref<Record<string, string>>({});
  const error = shallowRef<unknown>(null);
  const code = computed(() => (error.value instanceof KaiboError ? error.value.code : ''));
  const problems = computed(() => {
    if (error.value === null) return found.value;
    return { ...found.value, [form.fields?.[code.value] ?? '']: errorText(error.value) };
  });

  function clear(): void {
    [found.value, error.value] = [{}, null];
  }

  async function submit(): Promise<boolean> {
    if (busy.value) return false;
    clear();
    found.value = form.check?.() ?? {};
    if (Object.keys(found.value).length > 0) return false;
    busy.value = true;
    try {
      await form.send();
      return true;
    } catch (reason) {
      error.value = reason;
      return false;
    } finally {
      busy.value = false;
    }
  }

  return { busy, problems, code, submit, clear };
}
