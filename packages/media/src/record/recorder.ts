import type { StreamCompanion } from '../hub/companion.ts';
import type { MediaLog } from '../hub/session-host.ts';
import type { Stream, StreamKey } from '../hub/stream.ts';
import type {
  RecordingEndReason,
  RecordingFigures,
  RecordNews,
  RecordOptions,
  RecordOrder,
  RoomReply,
  RoomRequest,
} from './contract.ts';
import { DiskLane } from './disk-lane.ts';
import { QueueBudget } from './queue-budget.ts';
import { RecordingFiles } from './recording-files.ts';
import { StreamRecording } from './recording.ts';

const TICK_MS = 1000;
const MINUTE_MS = 60_000;
/** Waiting for the disk, in all recordings of a worker. */
const MAX_QUEUED_BYTES = 256 * 1024 * 1024;

export interface RecorderDeps {
  options: RecordOptions;
  /** Where there is none a browser's sound stays Opus. */
  findFfmpeg(): string | undefined;
  tell(id: string, news: RecordNews): void;
  askForRoom(question: Pick<RoomRequest, 'id' | 'reason' | 'freeBytes' | 'sizeBytes'>): Promise<RoomReply | undefined>;
  log: MediaLog;
}

interface Running {
  order: RecordOrder;
  files: RecordingFiles;
  recording: StreamRecording;
  untap: (() => void) | undefined;
  told: string;
}

/** The recordings of the streams that one worker owns. An order may come before its stream does. */
export class Recorder implements StreamCompanion {
  readonly #deps: RecorderDeps;
  readonly #running = new Map<string, Running>();
  readonly #streams = new Map<StreamKey, Stream>();
  readonly #disk = { io: new DiskLane(), sync: new DiskLane() };
  readonly #budget = new QueueBudget(MAX_QUEUED_BYTES);
  #ticking: NodeJS.Timeout | undefined;

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
  }

  start(order: RecordOrder): void {
    const running = this.#make(order);
    this.#running.set(order.id, running);
    void running.files.over.then(() => this.#remove(running));
    this.#ticking ??= setInterval(() => this.#tick(), TICK_MS).unref();
    this.#tap(running);
  }

  stop(id: string, reason: RecordingEndReason): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    running.untap?.();
    running.recording.finish(reason);
  }

  own(stream: Stream): void {
    this.#streams.set(stream.key, stream);
    for (const running of this.#running.values()) this.#tap(running);
  }

  ended(key: StreamKey): void {
    this.#streams.delete(key);
    for (const { order, recording } of this.#running.values()) if (order.key === key) recording.finish('ended');
  }

  async close(): Promise<void> {
    const running = [...this.#running.values()];
    for (const { order } of running) this.stop(order.id, 'server_stopping');
    await Promise.all(running.map(({ files }) => files.over));
    clearInterval(this.#ticking);
  }

  #make(order: RecordOrder): Running {
    const { options, tell, askForRoom, log } = this.#deps;
    const { id, key } = order;
    const now = (): number => performance.now();
    const files = new RecordingFiles({
      order,
      minFreeBytes: options.minFreeBytes,
      disk: this.#disk,
      budget: this.#budget,
      askForRoom: (question) => askForRoom({ id, ...question }),
      tell: (news) => tell(id, news),
      log,
      now,
    });
    const recording = new StreamRecording({
      id,
      files,
      epochMs: () => this.#streams.get(key)?.epochMs,
      partMs: options.partMinutes * MINUTE_MS,
      partBytes: options.partBytes,
      log,
      now,
    });
    return { order, files, recording, untap: undefined, told: '' };
  }

  #tap(running: Running): void {
    const stream = this.#streams.get(running.order.key);
    if (stream === undefined || running.untap !== undefined || running.files.isClosed) return;
    running.untap = stream.tap(running.recording, {
      audio: this.#deps.findFfmpeg() === undefined ? 'source' : 'aac',
    });
  }

  #remove(running: Running): void {
    running.untap?.();
    running.recording.finish('stopped'); // whatever ended it, its timer ends
    if (this.#running.get(running.order.id) === running) this.#running.delete(running.order.id);
    if (this.#running.size > 0) return;
    clearInterval(this.#ticking);
    this.#ticking = undefined;
  }

  #tick(): void {
    for (const running of this.#running.values()) {
      running.recording.tick();
      const figures = figuresOf(running);
      const told = JSON.stringify(figures);
      if (told === running.told) continue;
      running.told = told;
      this.#deps.tell(running.order.id, { type: 'figures', figures });
    }
  }
}

function figuresOf({ files, recording }: Running): RecordingFigures {
  const { sizeBytes, durationMs, parts, gaps, lostMs } = files;
  const state = files.isClosed ? 'stopping' : recording.isRecording ? 'recording' : 'waiting';
  return { state, sizeBytes, durationMs, parts, gaps, lostMs };
}
