import type { Logger } from 'pino';
import { levelOf } from '../../database/errors.ts';
import type { EngineEvent, EnginePush, EngineRelay, MediaEngine } from '../../engine/contract.ts';
import type { StateCenter, Unsubscribe } from '../../state/contract.ts';
import { CONTROL_CHANNEL } from '../auth/contract.ts';
import { LIVE_APP } from '../live/contract.ts';
import { RELAY_CHANGED } from './contract.ts';
import { reportOf } from './status.ts';
import type { DueTarget, RelayStore } from './store.ts';

const COMPARE_EVERY_MS = 10_000;
/** A preview that has targets may become a broadcast at any moment. */
const PREVIEW_EVERY_MS = 1000;
const REPORT_EVERY_MS = 5000;

export interface RunnerDeps {
  store: RelayStore;
  engine: MediaEngine;
  state: StateCenter;
  logger: Logger;
  /** Whether other nodes have to be told how pushes of this one go. */
  hasPeers: boolean;
}

/**
 * Makes the engine push what it should: the streams that it carries, of rooms that are shown, to the targets that are turned on.
 * Compares both whenever something happened, and every 10 s. Each node does it for the streams that it carries itself.
 */
export class RelayRunner {
  readonly #deps: RunnerDeps;
  /** What was started, and with which address. */
  readonly #started = new Map<string, string>();
  readonly #reported = new Set<string>();
  #unsubscribe: Unsubscribe | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reportTimer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isAsked = false;
  #isStopping = false;

  constructor(deps: RunnerDeps) {
    this.#deps = deps;
  }

  /** After the engine. */
  async start(): Promise<void> {
    if (this.#deps.engine.relay === undefined) return;
    this.#unsubscribe = await this.#deps.state.subscribe(CONTROL_CHANNEL, {
      deliver: ({ event }) => {
        if (event === RELAY_CHANGED) this.nudge();
      },
      reset: () => this.nudge(),
    });
    this.nudge();
    if (this.#deps.hasPeers) this.#reportTimer = setInterval(() => void this.#report(), REPORT_EVERY_MS).unref();
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    clearInterval(this.#reportTimer);
    await this.#unsubscribe?.();
    await this.#running;
  }

  /** The engine ends what it pushes of a stream with the stream. */
  heard(event: EngineEvent): void {
    if (event.app === LIVE_APP && event.type === 'published') this.nudge();
  }

  /** Compares soon; once, however often it is asked meanwhile. */
  nudge(): void {
    this.#isAsked = true;
    if (this.#running !== undefined || this.#isStopping) return;
    this.#running = this.#run().finally(() => (this.#running = undefined));
  }

  async #run(): Promise<void> {
    let waitMs = COMPARE_EVERY_MS;
    try {
      while (this.#isAsked && !this.#isStopping) {
        this.#isAsked = false;
        waitMs = await this.#compare();
      }
    } catch (error) {
      // The next comparison repeats what failed here.
      this.#deps.logger[levelOf(error, 'error')]({ err: error }, 'streams could not be compared with their targets');
    }
    clearTimeout(this.#timer);
    if (!this.#isStopping) this.#timer = setTimeout(() => this.nudge(), waitMs).unref();
  }

  /** Answers when to compare again. */
  async #compare(): Promise<number> {
    const { engine, store } = this.#deps;
    const { relay } = engine;
    if (relay === undefined) return COMPARE_EVERY_MS;
    const streams = (await engine.streams()).filter(
      ({ app, state }) => app === LIVE_APP && (state === 'publishing' || state === 'interrupted'),
    );
    const due = await store.due(streams.map(({ stream }) => stream));
    const wanted = new Map(due.filter(({ isShown }) => isShown).map((target) => [target.id, target]));
    const pushes = await relay.pushes();
    for (const { id } of pushes) if (!wanted.has(id)) await this.#stop(relay, id);
    const running = new Set(pushes.map(({ id }) => id));
    for (const id of this.#started.keys()) if (!running.has(id)) this.#started.delete(id);
    for (const target of wanted.values()) await this.#ensure(relay, target);
    return due.some(({ isShown }) => !isShown) ? PREVIEW_EVERY_MS : COMPARE_EVERY_MS;
  }

  async #ensure(relay: EngineRelay, { id, url, playId }: DueTarget): Promise<void> {
    if (this.#started.get(id) === url) return;
    // False: the stream ended meanwhile, and nothing is to be done.
    if (await relay.startPush({ app: LIVE_APP, stream: playId }, { id, url })) this.#started.set(id, url);
  }

  async #stop(relay: EngineRelay, id: string): Promise<void> {
    this.#started.delete(id);
    await relay.stopPush(id);
  }

  async #report(): Promise<void> {
    try {
      const pushes = new Map((await this.#deps.engine.relay?.pushes())?.map((push) => [push.id, push]) ?? []);
      const over = [...this.#reported].filter((id) => !pushes.has(id));
      await this.#deps.store.report([...this.#lines(pushes), ...over.map((id) => ({ id, report: null }))]);
      this.#reported.clear();
      for (const id of pushes.keys()) this.#reported.add(id);
    } catch (error) {
      this.#deps.logger.warn({ err: error }, 'other nodes were not told how pushes go');
    }
  }

  #lines(pushes: ReadonlyMap<string, EnginePush>): { id: string; report: string }[] {
    return [...pushes].map(([id, push]) => ({ id, report: JSON.stringify(reportOf(push)) }));
  }
}
