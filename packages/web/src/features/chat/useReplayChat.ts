import { ref, shallowRef, watch } from 'vue';
import type { Ref, ShallowRef } from 'vue';
import { api } from '../../api.ts';
import { DanmakuFeed } from '../danmaku/danmaku-feed.ts';
import { danmakuOf } from '../danmaku/useLiveDanmaku.ts';
import { lineOf } from './message-list.ts';
import type { ChatLine } from './message-list.ts';
import { countUpTo, ReplayWindow } from './replay-window.ts';

const PAGE = 200;
/** What was said shortly before is shown with a place that was sought. */
const BACK_MS = 3 * 60_000;
/** Loaded this long before it is needed. */
const AHEAD_MS = 60_000;
/** A longer way than that from one look to the next is a jump. */
const JUMP_MS = 4_000;
const MAX_SHOWN = 300;
const RETRY_MS = 5_000;

export interface ReplayChat {
  /** What had been said at the position, the newest last. */
  lines: ShallowRef<readonly ChatLine[]>;
  danmaku: DanmakuFeed;
  loading: Ref<boolean>;
  failed: Ref<boolean>;
}

/** The chat of a recording at the position of its picture. `epochMs` is null while that is not known. */
export function useReplayChat(id: string, epochMs: () => number | null, token: () => string | undefined): ReplayChat {
  const lines = shallowRef<readonly ChatLine[]>([]);
  const danmaku = new DanmakuFeed();
  const loading = ref(false);
  const failed = ref(false);
  let span: ReplayWindow | null = null;
  let shown = -1;
  let failedAtMs = -Infinity;

  async function load(atMs: number): Promise<void> {
    if (loading.value || performance.now() - failedAtMs < RETRY_MS) return;
    loading.value = true;
    try {
      const goesOn = span?.covers(atMs) === true;
      const from = goesOn && span ? span.fromMs : Math.max(0, Math.round(atMs - BACK_MS));
      const after = goesOn ? span?.next : undefined;
      const page = await api.chat.ofRecording(id, {
        ...{ from, limit: PAGE, token: token() },
        ...(after === undefined ? {} : { after }),
      });
      if (goesOn && span) span.append(page);
      else span = new ReplayWindow(from, page);
      failed.value = false;
    } catch {
      failed.value = true;
      failedAtMs = performance.now();
    } finally {
      loading.value = false;
    }
    shown = -1;
    look(epochMs());
  }

  function look(nowMs: number | null): void {
    if (nowMs === null) return;
    const isMissing = !span?.covers(nowMs);
    if (isMissing || (span?.next !== undefined && span.toMs - nowMs < AHEAD_MS)) void load(nowMs);
    if (isMissing || !span) return;
    const count = countUpTo(span.messages, nowMs);
    if (count === shown) return;
    shown = count;
    lines.value = span.messages.slice(Math.max(0, count - MAX_SHOWN), count).map(lineOf);
  }

  watch(
    epochMs,
    (nowMs, beforeMs) => {
      look(nowMs);
      if (nowMs === null) return;
      const isJump = typeof beforeMs !== 'number' || nowMs < beforeMs || nowMs - beforeMs > JUMP_MS;
      if (isJump) return danmaku.clear();
      for (const message of span?.between(beforeMs, nowMs) ?? []) {
        const item = danmakuOf(message);
        if (item) danmaku.add(item);
      }
    },
    { immediate: true },
  );
  return { lines, danmaku, loading, failed };
}
