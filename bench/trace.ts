/** As much of Chromium's trace format as tells what a thread did: times in microseconds, `tdur` is CPU time. */
interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  ts: number;
  dur?: number;
  tdur?: number;
  args?: { name?: string };
}

const TASK = 'ThreadControllerImpl::RunTask';
/** For `startTracing`: tasks and hardly anything in them, so that the trace itself costs next to nothing. */
export const TASKS_ONLY = ['toplevel', '-*'];

/**
 * The CPU time that the main thread of the page took for its tasks: of all renderers the busiest, as others only stand
 * by. Time in which it waited for a core is not in it.
 * @throws Error when the trace does not tell it
 */
export function mainThreadCpuMs(trace: Buffer): number {
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: TraceEvent[] };
  const mains = traceEvents.filter(({ ph, name, args }) => {
    return ph === 'M' && name === 'thread_name' && args?.name === 'CrRendererMain';
  });
  const times = mains.map(({ pid, tid }) =>
    sumOf(traceEvents.filter((event) => event.pid === pid && event.tid === tid && event.name === TASK)),
  );
  const most = Math.max(0, ...times);
  if (most === 0) throw new Error('the trace tells no CPU time of a page');
  return most;
}

function sumOf(tasks: readonly TraceEvent[]): number {
  let [sumUs, endUs] = [0, 0];
  for (const { ts, dur = 0, tdur = 0 } of tasks.toSorted((one, other) => one.ts - other.ts)) {
    // A task within a task is part of it.
    if (ts < endUs) continue;
    endUs = ts + dur;
    sumUs += tdur;
  }
  return sumUs / 1000;
}
