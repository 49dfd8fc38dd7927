import { mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineEvent, EngineRecorder, EngineRecording, RecordedPart } from '../src/engine/contract.ts';
import { recordedFiles } from '../src/engine/embedded/recorded-files.ts';
import { writeRecordedFile } from './support/recorded-file.ts';

interface Running extends EngineRecording {
  folder: string;
  parts: RecordedPart[];
}

/** Writes files that hold no picture, as long as a test says. */
export class FakeRecorder implements EngineRecorder {
  readonly running = new Map<string, Running>();
  /** Of each file. */
  seconds = 10;
  /** Between two files, when nothing was published. */
  gapMs = 0;
  /** Whether a recording can be begun. */
  works = true;
  readonly recover = recordedFiles.recover;
  readonly index = recordedFiles.index;
  readonly playlist = recordedFiles.playlist;
  readonly #isPublished: (stream: string) => boolean;
  readonly #tell: (event: EngineEvent) => void;

  constructor(deps: { isPublished(stream: string): boolean; tell(event: EngineEvent): void }) {
    this.#isPublished = deps.isPublished;
    this.#tell = deps.tell;
  }

  /** There is no picture to be drawn. */
  async poster(): Promise<Uint8Array> {
    return Uint8Array.of(0xff, 0xd8, 0xff, 0xd9);
  }

  start: EngineRecorder['start'] = async ({ app, stream }, { id, folder }) => {
    if (!this.works || !this.#isPublished(stream)) return false;
    const startedAtMs = Date.now();
    this.running.set(id, { id, app, stream, folder, startedAtMs, sizeBytes: 0, durationMs: 0, parts: [] });
    this.#tell({ type: 'recording_started', app, stream, id, atMs: startedAtMs });
    return true;
  };

  stop: EngineRecorder['stop'] = async (id) => this.end(id, 'stopped');

  list: EngineRecorder['list'] = async () => [...this.running.values()];

  /** A file is full: it is closed, and the next begins. */
  closeFile(id: string): void {
    const recording = this.running.get(id);
    if (recording === undefined) throw new Error(`no recording ${id}`);
    const n = recording.parts.length + 1;
    const file = `${String(n).padStart(3, '0')}.mp4`;
    mkdirSync(recording.folder, { recursive: true });
    const path = join(recording.folder, file);
    const sizeBytes = writeRecordedFile(path, this.seconds);
    const durationMs = this.seconds * 1000;
    // Whoever reads it after a crash takes its time from here, for it holds none.
    const closedAt = (recording.startedAtMs + durationMs) / 1000;
    utimesSync(path, closedAt, closedAt);
    const startMs = recording.durationMs;
    const epochMs = recording.startedAtMs + startMs + recording.parts.length * this.gapMs;
    const part = { n, file, sizeBytes, durationMs, startMs, epochMs };
    recording.parts.push(part);
    recording.sizeBytes += sizeBytes;
    recording.durationMs += durationMs;
    const { app, stream } = recording;
    this.#tell({ type: 'recording_part', app, stream, id, part, atMs: Date.now() });
  }

  /** False when there is none. */
  end(id: string, reason: string): boolean {
    const recording = this.running.get(id);
    if (recording === undefined) return false;
    this.closeFile(id);
    this.running.delete(id);
    const { app, stream } = recording;
    this.#tell({ type: 'recording_ended', app, stream, id, reason, atMs: Date.now() });
    return true;
  }

  ended(stream: string): void {
    for (const recording of [...this.running.values()])
      if (recording.stream === stream) this.end(recording.id, 'ended');
  }

  /** As when the process dies: nobody is told anything. */
  crash(): void {
    this.running.clear();
  }
}
