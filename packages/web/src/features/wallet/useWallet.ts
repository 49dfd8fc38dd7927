import type { StatementLine, Wallet } from '@kaibo/client';
import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { api, realtime } from '../../api.ts';
import { useErrorText } from '../../composables/useErrorText.ts';
import { toast } from '../../toast.ts';

const PAGE_SIZE = 30;

export type WalletAccount = 'spendable' | 'revenue';

export interface WalletState {
  /** null until it is known. */
  wallet: ShallowRef<Wallet | null>;
  /** Whose statement is shown. */
  account: Ref<WalletAccount>;
  /** The newest first; null until it is known. */
  lines: ShallowRef<readonly StatementLine[] | null>;
  hasMore: Ref<boolean>;
  more(): Promise<void>;
  download(): Promise<void>;
  reload(): Promise<void>;
}

/** One's coins and what happened to them, kept current for as long as the calling component lives. */
export function useWallet(): WalletState {
  const errorText = useErrorText();
  const wallet = shallowRef<Wallet | null>(null);
  const account = ref<WalletAccount>('spendable');
  const lines = shallowRef<readonly StatementLine[] | null>(null);
  const hasMore = ref(false);
  let page = 1;

  async function guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      toast('error', errorText(error));
    }
  }

  async function readPage(next: number): Promise<void> {
    const asked = account.value;
    const found = await api.wallet.statement({ account: asked, page: next, pageSize: PAGE_SIZE });
    if (asked !== account.value) return;
    page = next;
    const before = next === 1 ? [] : (lines.value ?? []);
    // What happened meanwhile moved the pages on: a line that is there already comes again.
    const known = new Set(before.map(({ id }) => id));
    lines.value = [...before, ...found.lines.filter(({ id }) => !known.has(id))];
    hasMore.value = next * PAGE_SIZE < found.total;
  }

  const reload = (): Promise<void> =>
    guarded(async () => {
      [wallet.value] = await Promise.all([api.wallet.balance(), readPage(1)]);
    });

  const download = (): Promise<void> =>
    guarded(async () => {
      const csv = await api.wallet.statementCsv({ account: account.value });
      const url = URL.createObjectURL(new Blob([csv], { type: 'text/csv' }));
      Object.assign(document.createElement('a'), { href: url, download: `kaibo-${account.value}.csv` }).click();
      URL.revokeObjectURL(url);
    });

  watch(account, () => {
    [lines.value, hasMore.value] = [null, false];
    void guarded(() => readPage(1));
  });
  const leave = realtime.subscribe('user', (message) => {
    if (message.kind === 'event' && message.event === 'wallet.changed') void reload();
  });
  onScopeDispose(leave);
  void reload();
  return { wallet, account, lines, hasMore, more: () => guarded(() => readPage(page + 1)), download, reload };
}
