import type { Logger } from 'pino';
import type { EngineStream, MediaEngine } from '../../engine/contract.ts';
import type { StateCenter } from '../../state/contract.ts';
import { healthOf, LIVE_APP } from '../live/contract.ts';
import type { AlarmBook, Condition } from './alarms.ts';
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
  alarms: AlarmBook;
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
    const { engine, state, peers, sampler, alarms, vantage, recordingAlarms, logger } = this.#deps;
    try {
      // While the engine does not answer, its breaker says so: nothing is known to be carried.
      const streams = (await engine.streams().catch(() => [])).filter(isCarried);
      const node = await sampler.sample(streams);
      const found = alarms.judge({
        node,
        engine: engine.health(),
        state: state.health(),
        certificateEndMs: vantage()?.certificateEndMs(),
        recording: recordingAlarms(),
      });
      await peers.tell({ node, alarms: found });
      if (this.#reports++ % CARRIED_EVERY === 0)
        await peers.tellCarried(
          streams.filter(({ app }) => app === LIVE_APP).map((one) => carriedOf(one, state.nodeId)),
        );
    } catch (error) {
      logger.error({ err: error }, 'this node could not be looked at');
    }
  }
}

const isCarried = ({ state }: EngineStream): boolean => state === 'publishing' || state === 'interrupted';

function carriedOf(stream: EngineStream, nodeId: string): CarriedStream {
  return {
    stream: stream.stream,
    nodeId,
    publishing: stream.state === 'publishing' ? healthOf(stream) : undefined,
    viewers: stream.viewers,
    outBps: stream.sendBps,
  };
}
