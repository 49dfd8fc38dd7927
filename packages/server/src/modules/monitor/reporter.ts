import type { Logger } from 'pino';
import type { EngineStream, MediaEngine } from '../../engine/contract.ts';
import type { StateCenter } from '../../state/contract.ts';
import { healthOf, LIVE_APP } from '../live/contract.ts';
import type { Alarms } from './alarm/index.ts';
import type { Condition } from './alarm/readings.ts';
import type { CarriedStream } from './contract.ts';
import type { Peers } from './peers.ts';
import type { Sampler, Vantage } from './sampler.ts';

/** Of reports one in so many tells what is carried. */
const CARRIED_EVERY = 2;

export interface ReporterDeps {
  engine: MediaEngine;
  state: StateCenter;
  peers: Peers;
  sampler: Sampler;
  alarms: Pick<Alarms, 'judge' | 'firing'>;
  /** This node, under the name that it keeps over restarts. */
  place: string;
  logger: Logger;
  vantage(): Vantage | undefined;
  recordingAlarms(): Condition['recording'];
  everyMs: number;
}

/** Looks at this process again and again, and tells all nodes. */
export class Reporter {
  readonly #deps: ReporterDeps;
  #timer: NodeJS.Timeout | undefined;
  #reporting: Promise<void> | undefined;
  #reports = 0;

  constructor(deps: ReporterDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    this.#deps.sampler.start();
    await this.#report();
    this.#timer = setInterval(() => {
      this.#reporting ??= this.#report().finally(() => (this.#reporting = undefined));
    }, this.#deps.everyMs).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#reporting;
    this.#deps.sampler.stop();
  }

  async #report(): Promise<void> {
    const { engine, state, peers, sampler, alarms, vantage, recordingAlarms, place, logger } = this.#deps;
    try {
      // While the engine does not answer, its breaker says so: nothing is known to be carried.
      const streams = (await engine.streams().catch(() => [])).filter(isCarried);
      const passedOn = (await engine.passedOn?.().catch(() => [])) ?? [];
      const node = await sampler.sample(streams, passedOn);
      await alarms.judge({
        node,
        streams,
        engine: engine.health(),
        state: state.health(),
        certificateEndMs: vantage()?.certificateEndMs(),
        recording: recordingAlarms(),
      });
      await peers.tell({ node, alarms: alarms.firing(), place });
      if (this.#reports++ % CARRIED_EVERY === 0)
        await peers.tellCarried([
          ...streams.filter(({ app }) => app === LIVE_APP).map((one) => this.#carriedOf(one)),
          ...passedOn.map((one) => passedOnOf(one, state.nodeId)),
        ]);
    } catch (error) {
      logger.error({ err: error }, 'this node could not be looked at');
    }
  }

  #carriedOf(one: EngineStream): CarriedStream {
    const { engine, state } = this.#deps;
    const { stream, viewers, sendBps } = one;
    return {
      ...{ stream, viewers, nodeId: state.nodeId, outBps: sendBps },
      publishing: one.state === 'publishing' ? healthOf(one) : undefined,
      posterAtMs: engine.poster?.(one)?.atMs,
      renditions: engine.renditions?.(one),
    };
  }
}

function passedOnOf({ stream, viewers, sendBps }: EngineStream, nodeId: string): CarriedStream {
  return { stream, nodeId, publishing: undefined, viewers, outBps: sendBps, isPassedOn: true };
}

const isCarried = ({ state }: EngineStream): boolean => state === 'publishing' || state === 'interrupted';
