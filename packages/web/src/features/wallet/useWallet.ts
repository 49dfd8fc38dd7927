import type { StatementLine, TransferKind, Wallet } from '@kaibo/client';
import { useThrottleFn } from '@vueuse/core';
import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { api, realtime } from '../../api.ts';
import { useErrorText } from '../../composables/useErrorText.ts';
import { toast } from '../../toast.ts';

const PAGE_SIZE = 30;
/** However often coins move, the statement is asked anew this often at most. */
const RELOAD_EVERY_MS = 1000;

export type WalletAccount = 'spendable' | 'revenue';

export interface WalletState {
  /** null until it is known. */
  wallet: ShallowRef<Wallet | null>;
  /** Whose statement is shown. */
  account: Ref<WalletAccount>;
  /** Of what it is shown; '' is all. */
  kind: Ref<TransferKind | ''>;
  /** The newest first; null until it is known. */
  lines: ShallowRef<readonly StatementLine[] | null>;
  hasMore: Ref<boolean>;
  more(): Promise<void>;
  /** What is shown, and all that is older, as CSV. */
  download(): Promise<void>;
  reload(): Promise<void>;
}

/** One's coins and what happened to them, kept current for as long as the calling component lives. */
export function useWallet(first: WalletAccount): WalletState {
  const errorText = useErrorText();
  const wallet = shallowRef<Wallet | null>(null);
  const [account, kind] = [ref(first), ref<TransferKind | ''>('')];
  const lines = shallowRef<readonly StatementLine[] | null>(null);
  const hasMore = ref(false);
  let page = 1;
  /** Answers to what was asked before the filter changed are thrown away. */
  let asking = 0;

  const filter = () => ({ account: account.value, ...(kind.value === '' ? {} : { kind: kind.value }) });

  async function guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      toast('error', errorText(error));
    }
  }

  async function readPage(next: number): Promise<void> {
    const asked = ++asking;
    const found = await api.wallet.statement({ ...filter(), page: next, pageSize: PAGE_SIZE });
    if (asked !== asking) return;
    const before = lines.value ?? [];
    const known = new Set(before.map(({ id }) => id));
    const added = found.lines.filter(({ id }) => !known.has(id));
    // So much happened that something may be missing in between: it begins anew.
    const isTorn = next === 1 && added.length === found.lines.length;
    page = isTorn ? 1 : Math.max(page, next);
    // What happens moves the pages on: a line that is there already comes again.
    lines.value = isTorn ? found.lines : next === 1 ? [...added, ...before] : [...before, ...added];
    hasMore.value = lines.value.length < found.total;
  }

  const reload = (): Promise<void> =>
    guarded(async () => {
      [wallet.value] = await Promise.all([api.wallet.balance(), readPage(1)]);
    });

  const download = (): Promise<void> =>
    guarded(async () => {
      const csv = await api.wallet.statementCsv(filter());
      const url = URL.createObjectURL(new Blob([csv], { type: 'text/csv' }));
      Object.assign(document.createElement('a'), { href: url, download: `kaibo-${account.value}.csv` }).click();
      URL.revokeObjectURL(url);
    });

  watch([account, kind], () => {
    [lines.value, hasMore.value, page] = [null, false, 1];
    void guarded(() => readPage(1));
  });
  const reloadSoon = useThrottleFn(reload, RELOAD_EVERY_MS, true, true);
  const leave = realtime.subscribe('user', (message) => {
    if (message.kind === 'snapshot' || message.event === 'wallet.changed') void reloadSoon();
  });
  onScopeDispose(leave);
  void reloadSoon();
  return { wallet, account, kind, lines, hasMore, more: () => guarded(() => readPage(page + 1)), download, reload };
}
