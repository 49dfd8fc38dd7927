import { useResizeObserver } from '@vueuse/core';
import type uPlot from 'uplot';
import { onScopeDispose, watch } from 'vue';
import type { Ref } from 'vue';
import { usePreferences } from '../../stores/preferences.ts';
import { chartOptions, lookAt } from './chart.ts';
import type { ChartPlan } from './chart.ts';

/**
 * Draws `data` into `box` for as long as the component lives. uPlot is loaded with the first chart; what changes how it
 * looks (theme, language, kind) draws it anew, what only changes its values does not.
 */
export function useChart(
  box: Readonly<Ref<HTMLElement | null>>,
  {
    data,
    plan,
    key,
  }: {
    data: () => [number[], (number | null)[]];
    plan: () => Omit<ChartPlan, 'look' | 'width'>;
    /** Changes when the plan does, which holds functions and is asked for only then. */
    key: () => string;
  },
): void {
  const preferences = usePreferences();
  let chart: uPlot | null = null;
  let isOver = false;

  async function draw(): Promise<void> {
    const { default: library } = await import('uplot');
    const element = box.value;
    if (isOver || element === null) return;
    chart?.destroy();
    const options = chartOptions(library, { ...plan(), look: lookAt(element), width: element.clientWidth });
    chart = new library(options, data(), element);
  }

  // After the theme's own change has reached the document.
  watch([box, key, () => preferences.dark, () => preferences.locale], () => void draw(), {
    flush: 'post',
    immediate: true,
  });
  watch(data, (now) => chart?.setData(now));
  useResizeObserver(box, ([entry]) => {
    const width = Math.floor(entry?.contentRect.width ?? 0);
    if (chart !== null && width > 0 && width !== chart.width) chart.setSize({ width, height: chart.height });
  });
  onScopeDispose(() => {
    isOver = true;
    chart?.destroy();
  });
}
