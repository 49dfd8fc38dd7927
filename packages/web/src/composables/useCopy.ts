import { useI18n } from 'vue-i18n';
import { toast } from '../toast.ts';

/** Copies a text and says so; works on plain http too, where the clipboard API is missing. */
export function useCopy(): (text: string, doneMessage?: string) => Promise<boolean> {
  const { t } = useI18n();
  return async (text, doneMessage) => {
    const done = await copyText(text);
    if (!done) toast('error', t('common.copyFailed'));
    else if (doneMessage) toast('success', doneMessage);
    return done;
  };
}

async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** A self-hosted server is often reached by http and an address, where browsers give only this old way. */
function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea');
  area.value = text;
  area.setAttribute('readonly', '');
  area.style.position = 'fixed';
  area.style.opacity = '0';
  document.body.append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  return done;
}
