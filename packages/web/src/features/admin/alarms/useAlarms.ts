import type { AlarmChannel, AlarmSilence, MonitorAlarm } from '@kaibo/client';
import { computed, ref, shallowRef, watch } from 'vue';
import type { ComputedRef, Ref, ShallowRef } from 'vue';
import { api } from '../../../api.ts';
import { useAct } from '../useAct.ts';
import { useMonitor } from '../useMonitor.ts';
import { usePeople } from '../usePeople.ts';

const PAGE = 30;

export interface AlarmsState {
  /** What fires, as the channel brings it; null until it is known. */
  firing: ComputedRef<readonly MonitorAlarm[] | null>;
  /** Over, the newest first; null until they are known. */
  past: ShallowRef<readonly MonitorAlarm[] | null>;
  silences: ShallowRef<readonly AlarmSilence[] | null>;
  channels: ShallowRef<readonly AlarmChannel[] | null>;
  error: ShallowRef<unknown>;
  hasMore: ComputedRef<boolean>;
  busy: Ref<boolean>;
  /** Somebody took one on: shown before the channel says so. */
  taken(alarm: MonitorAlarm): void;
  load(): Promise<void>;
  more(): Promise<void>;
}

/** Everything of the page of alarms. */
export function useAlarms(): AlarmsState {
  const { overview } = useMonitor();
  const act = useAct();
  const people = usePeople();
  const past = shallowRef<readonly MonitorAlarm[] | null>(null);
  const silences = shallowRef<readonly AlarmSilence[] | null>(null);
  const channels = shallowRef<readonly AlarmChannel[] | null>(null);
  const error = shallowRef<unknown>(null);
  const next = ref<string>();
  const busy = ref(false);
  const known = shallowRef<ReadonlyMap<string, MonitorAlarm['acknowledged']>>(new Map());

  const firing = computed(
    () =>
      overview.value?.alarms.map((alarm) => {
        const acknowledged = alarm.acknowledged ?? known.value.get(alarm.id);
        return acknowledged === undefined ? alarm : { ...alarm, acknowledged };
      }) ?? null,
  );

  async function load(): Promise<void> {
    try {
      const [page, found, all] = await Promise.all([
        api.monitor.alarms({ state: 'cleared', limit: PAGE }),
        api.monitor.silences(),
        api.monitor.alarmChannels(),
      ]);
      [past.value, next.value] = [page.alarms, page.next];
      [silences.value, channels.value, error.value] = [found, all, null];
    } catch (reason) {
      error.value = reason;
    }
  }

  async function more(): Promise<void> {
    busy.value = true;
    await act(async () => {
      const page = await api.monitor.alarms({ state: 'cleared', limit: PAGE, before: next.value });
      [past.value, next.value] = [[...(past.value ?? []), ...page.alarms], page.next];
    });
    busy.value = false;
  }

  // Something began or ended: what is over may be more.
  watch(
    () => firing.value?.map(({ id }) => id).join(),
    () => void load(),
  );
  watch([firing, silences], ([alarms, quiet]) => {
    const actors = [
      ...(alarms ?? []).map(({ acknowledged }) => acknowledged?.by),
      ...(quiet ?? []).map((one) => one.createdBy),
    ];
    const ids = actors.flatMap((actor) => (actor?.startsWith('user:') ? [actor.slice('user:'.length)] : []));
    // Names are an ornament: without an answer the ids stand there.
    void people.load(ids).catch(() => {});
  });
  void load();
  return {
    ...{ firing, past, silences, channels, error, busy, load, more },
    hasMore: computed(() => next.value !== undefined),
    taken: ({ id, acknowledged }) => (known.value = new Map([...known.value, [id, acknowledged]])),
  };
}
