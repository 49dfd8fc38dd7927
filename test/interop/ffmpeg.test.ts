import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeErrors, ffmpeg, type ProbedPacket, probe, publishFile } from '../support/ffmpeg.ts';
import { WsFlvPlayer } from '../support/flv-client.ts';
import { flvBytes } from '../support/flv-fixtures.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { Program } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';

const SECONDS = 5;
const SOURCE = [
  ...['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25'],
  ...['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=44100'],
  ...['-t', String(SECONDS), '-pix_fmt', 'yuv420p', '-g', '25', '-c:a', 'aac', '-b:a', '64k'],
];
const ENCODERS = {
  plain: ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency'],
  'b-frames': ['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '3', '-b_strategy', '0'],
};

/** What must be equal, packet by packet, with times from the first packet of the file. */
function timeline(packets: readonly ProbedPacket[], kind: ProbedPacket['kind']): string[] {
  const startMs = Math.min(...packets.map(({ dtsMs }) => dtsMs));
  return packets
    .filter((packet) => packet.kind === kind)
    .map(({ dtsMs, ptsMs, sizeBytes, isKey, hash }) =>
      [dtsMs - startMs, ptsMs - startMs, sizeBytes, isKey ? 'key' : '', hash].join(' '),
    );
}

describe('ffmpeg publishes and plays', () => {
  const folder = tempDir();
  let media: LocalMediaServer;
  beforeAll(async () => {
    media = await LocalMediaServer.start({ graceMs: 500 });
  });
  afterAll(async () => {
    await media.stop();
    folder[Symbol.dispose]();
  });

  /** ffprobe by RTMP and HTTP-FLV and raw WS-FLV to a file, two of each, all there before the publish. */
  async function watch(name: string): Promise<{ packets(): Promise<Map<string, ProbedPacket[]>> }> {
    const probes = [media.rtmpUrl(name), media.flvUrl(name), media.rtmpUrl(name), media.flvUrl(name)].map(
      async (url, index) => [`${url.slice(0, 4)} ${index}`, (await probe(url)).packets] as const,
    );
    const sockets = [0, 1].map((index) => ({
      index,
      player: WsFlvPlayer.open({ port: media.ports.http, path: `/live/${name}.flv` }),
    }));
    // A failure is seen where the results are awaited.
    for (const pending of probes) pending.catch(() => {});
    await media.hasViewers(name, probes.length + sockets.length);
    return {
      async packets() {
        const results = new Map<string, ProbedPacket[]>(await Promise.all(probes));
        for (const { index, player } of sockets) {
          const { socket, flv } = await player;
          expect((await socket.closed())?.code).toBe(1000);
          const file = folder.file(`${name}-${index}.flv`);
          writeFileSync(file, flvBytes(flv.tags));
          results.set(`ws ${index}`, (await probe(file)).packets);
          expect(await decodeErrors(file)).toBe('');
        }
        return results;
      },
    };
  }

  it.each([
    { encoder: 'plain', realTime: false },
    { encoder: 'b-frames', realTime: true },
  ] as const)('frame by frame over RTMP, HTTP-FLV and WS-FLV: $encoder', async ({ encoder, realTime }) => {
    const source = folder.file(`${encoder}.flv`);
    await ffmpeg(...SOURCE, ...ENCODERS[encoder], source).succeeded();
    const { packets: sent } = await probe(source);
    expect(sent.filter(({ kind }) => kind === 'video')).toHaveLength(SECONDS * 25);
    expect(sent.some(({ kind, dtsMs, ptsMs }) => kind === 'video' && ptsMs !== dtsMs)).toBe(encoder === 'b-frames');

    const watching = await watch(encoder);
    await (
      realTime
        ? publishFile(source, media.rtmpUrl(encoder))
        : ffmpeg('-i', source, '-c', 'copy', '-f', 'flv', media.rtmpUrl(encoder))
    ).succeeded();
    for (const [viewer, received] of await watching.packets()) {
      expect(Math.min(...received.map(({ dtsMs }) => dtsMs)), `${viewer} starts at 0`).toBe(0);
      expect(timeline(received, 'video'), viewer).toEqual(timeline(sent, 'video'));
      expect(timeline(received, 'audio'), viewer).toEqual(timeline(sent, 'audio'));
    }
  });

  it('decodes without an error while it is live', async () => {
    await using publisher = publishFile(folder.file('b-frames.flv'), media.rtmpUrl('decoded'), { loop: true });
    await media.isState('decoded', 'publishing');
    const decode = [media.rtmpUrl('decoded'), media.flvUrl('decoded')].map(async (url) => {
      const args = ['-hide_banner', '-nostdin', '-v', 'error', '-xerror', '-i', url, '-t', '2', '-f', 'framemd5', '-'];
      const { output } = await Program.start('ffmpeg', args).succeeded();
      const frames = output.split('\n').filter((line) => line.startsWith('0,'));
      expect(frames.length).toBeGreaterThanOrEqual(45);
      expect(output.split('\n').filter((line) => !/^(#|\d,|$)/.test(line))).toEqual([]);
    });
    await Promise.all(decode);
    expect(publisher.isRunning).toBe(true);
  });
});
