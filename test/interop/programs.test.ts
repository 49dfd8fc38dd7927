import { existsSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeErrors, ffmpeg, probe, publishFile, TEST_PICTURE } from '../support/ffmpeg.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { Program } from '../support/program.ts';
import { tempDir } from '../support/temp-dir.ts';
import { until } from '../support/until.ts';

const FRAMES = 75;
/** Video by openh264 and audio by voaacenc: both are in gstreamer1.0-plugins-bad; x264enc would need -ugly. */
const GST_PICTURE = [
  ...['videotestsrc', `num-buffers=${FRAMES}`, '!', 'video/x-raw,width=320,height=180,framerate=25/1', '!'],
  ...['openh264enc', 'gop-size=25', '!', 'h264parse', '!', 'queue', '!', 'mux.'],
  ...['audiotestsrc', 'num-buffers=129', 'samplesperbuffer=1024', '!', 'audio/x-raw,rate=44100,channels=1', '!'],
  ...['voaacenc', '!', 'aacparse', '!', 'queue', '!', 'mux.'],
];

const GST_ELEMENTS = {
  'gstreamer1.0-plugins-base': ['videotestsrc', 'audiotestsrc'],
  'gstreamer1.0-plugins-good': ['flvmux', 'flvdemux', 'aacparse'],
  'gstreamer1.0-plugins-bad': ['rtmp2src', 'rtmp2sink', 'h264parse', 'openh264enc', 'voaacenc'],
  'gstreamer1.0-libav': ['avdec_h264'],
};

/** A missing plugin is named with the line that installs it, as a missing program is. */
async function expectGstElements(): Promise<void> {
  for (const [debianPackage, elements] of Object.entries(GST_ELEMENTS))
    for (const element of elements) {
      const { code } = await Program.start('gst-inspect-1.0', ['--exists', element]).ended;
      const line = `GStreamer has no ${element}: apt-get install -y --no-install-recommends ${debianPackage}`;
      expect(code, line).toBe(0);
    }
}

describe('rtmpdump and GStreamer', () => {
  const folder = tempDir();
  const source = folder.file('source.flv');
  let media: LocalMediaServer;
  beforeAll(async () => {
    await ffmpeg(...TEST_PICTURE, '-t', '3', source).succeeded();
    media = await LocalMediaServer.start({ graceMs: 500 });
  });
  afterAll(async () => {
    await media.stop();
    folder[Symbol.dispose]();
  });

  it('rtmpdump waits, plays to the end, and its file is whole', async () => {
    const file = folder.file('dump.flv');
    await using dump = Program.start('rtmpdump', ['-r', media.rtmpUrl('dump'), '--live', '-o', file]);
    await media.hasViewers('dump', 1);
    await ffmpeg('-i', source, '-c', 'copy', '-f', 'flv', media.rtmpUrl('dump')).succeeded();
    await dump.succeeded(20_000);
    expect(dump.output).toMatch(/Download complete/);
    const { packets, streams } = await probe(file);
    expect(streams.map(({ codec }) => codec).toSorted()).toEqual(['aac', 'h264']);
    expect(packets.filter(({ kind }) => kind === 'video')).toHaveLength(FRAMES);
    expect(await decodeErrors(file)).toBe('');
  });

  it('rtmpdump joins late, at a key frame, and leaves when it likes', async () => {
    await using _publisher = publishFile(source, media.rtmpUrl('late'), { loop: true });
    await until(() => (media.stream('late')?.lastDtsMs ?? 0) > 1000, { what: 'a stream that runs already' });
    const file = folder.file('late.flv');
    const dump = Program.start('rtmpdump', ['-r', media.rtmpUrl('late'), '--live', '-o', file]);
    await until(() => existsSync(file) && statSync(file).size > 60_000, { what: 'a file that grows' });
    await dump.stop('SIGINT');
    await media.hasViewers('late', 0);
    const { packets } = await probe(file);
    expect(packets[0]).toMatchObject({ kind: 'video', isKey: true });
    // Stream time is never rebased for a newcomer.
    expect(packets[0]?.dtsMs).toBeGreaterThan(900);
  });

  it('GStreamer has what it takes', expectGstElements);

  it('GStreamer plays by rtmp2src and demuxes', async () => {
    await using _publisher = publishFile(source, media.rtmpUrl('gst-play'), { loop: true });
    await media.isState('gst-play', 'publishing');
    const sink = ['!', 'fakesink', 'num-buffers=40'];
    const play = Program.start('gst-launch-1.0', [
      ...['-e', 'rtmp2src', `location=${media.rtmpUrl('gst-play')}`, '!', 'flvdemux', 'name=demux'],
      ...['demux.video', '!', 'queue', '!', 'h264parse', '!', 'avdec_h264', ...sink],
      ...['demux.audio', '!', 'queue', '!', 'aacparse', '!', 'avdec_aac', ...sink],
    ]);
    await play.succeeded(20_000);
    expect(play.output).not.toMatch(/ERROR|WARNING/);
  });

  it('GStreamer publishes by rtmp2sink', async () => {
    const file = folder.file('gst.flv');
    await using dump = Program.start('rtmpdump', ['-r', media.rtmpUrl('gst'), '--live', '-o', file]);
    await media.hasViewers('gst', 1);
    const publish = Program.start('gst-launch-1.0', [
      ...['-e', 'flvmux', 'streamable=true', 'name=mux', '!', 'rtmp2sink', `location=${media.rtmpUrl('gst')}`],
      ...GST_PICTURE,
    ]);
    await publish.succeeded(30_000);
    expect(publish.output).not.toMatch(/ERROR|WARNING/);
    await dump.succeeded(20_000);
    const { packets, streams } = await probe(file);
    expect(streams.find(({ kind }) => kind === 'video')).toMatchObject({ codec: 'h264', width: 320, height: 180 });
    expect(streams.find(({ kind }) => kind === 'audio')).toMatchObject({ codec: 'aac', sampleRateHz: 44_100 });
    expect(packets.filter(({ kind }) => kind === 'video')).toHaveLength(FRAMES);
    expect(await decodeErrors(file)).toBe('');
  });
});
