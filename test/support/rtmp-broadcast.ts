import { readFileSync } from 'node:fs';
import { ffmpeg } from './ffmpeg.ts';
import { FlvWireReader, type WireTag } from './flv-wire.ts';
import { RtmpClient } from './rtmp-client.ts';
import { tempDir } from './temp-dir.ts';

const PICTURE = 'testsrc2=size=160x90:rate=25';
const FRAME_MS = 40;
const TONE = 'sine=frequency=440:sample_rate=44100';

/** Tags of a file that ffmpeg makes: H.264, a key frame every `gopFrames` of 40 ms, and AAC. */
export async function encodedTags({
  seconds,
  gopFrames = 25,
  bframes = 0,
  videoBps,
}: {
  seconds: number;
  gopFrames?: number;
  bframes?: number;
  /** In place of what the picture needs. */
  videoBps?: number;
}): Promise<WireTag[]> {
  using folder = tempDir();
  const path = folder.file('source.flv');
  await ffmpeg(
    ...['-f', 'lavfi', '-i', PICTURE, '-f', 'lavfi', '-i', TONE, '-t', String(seconds)],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-bf', String(bframes)],
    ...(videoBps === undefined
      ? []
      : [
          '-b:v',
          String(videoBps),
          '-minrate',
          String(videoBps),
          '-x264-params',
          'nal-hrd=cbr:force-cfr=1',
          '-maxrate',
          String(videoBps),
          '-bufsize',
          String(videoBps),
        ]),
    ...['-g', String(gopFrames), '-sc_threshold', '0', '-c:a', 'aac', '-b:a', '64k', '-f', 'flv', path],
  ).succeeded();
  const reader = new FlvWireReader();
  reader.push(readFileSync(path));
  return reader.tags;
}

/** An RTMP publisher of tags made beforehand: at once, or in real time. */
export class RtmpBroadcast {
  readonly #client: RtmpClient;
  readonly #streamId: number;
  #timer: NodeJS.Timeout | undefined;

  private constructor(client: RtmpClient, streamId: number) {
    this.#client = client;
    this.#streamId = streamId;
  }

  static async open(port: number, name: string): Promise<RtmpBroadcast> {
    const client = await RtmpClient.connect({ port });
    client.setChunkSize(65_536);
    const { streamId, status } = await client.publish(name);
    if (status['code'] !== 'NetStream.Publish.Start') throw new Error(JSON.stringify(status));
    return new RtmpBroadcast(client, streamId);
  }

  send(tags: readonly WireTag[]): void {
    for (const { type, timestamp, body } of tags) {
      this.#client.sendMedia(this.#streamId, { type: type === 'script' ? 'data' : type, timestamp, payload: body });
    }
  }

  /** Each tag when its time has come, over and over, in a time that goes on. */
  play(tags: readonly WireTag[]): void {
    const startedAtMs = performance.now();
    const roundMs = Math.max(...tags.map(({ timestamp }) => timestamp)) + FRAME_MS;
    let next = 0;
    this.#timer = setInterval(() => {
      for (;;) {
        const tag = tags[next % tags.length];
        const timestamp = (tag?.timestamp ?? 0) + Math.floor(next / tags.length) * roundMs;
        if (tag === undefined || timestamp > performance.now() - startedAtMs) return;
        this.send([{ ...tag, timestamp }]);
        next++;
      }
    }, 10);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#client.close();
  }
}
