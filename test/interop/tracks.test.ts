import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Audience, describeTags } from '../support/audience.ts';
import type { WireTag } from '../support/flv-wire.ts';
import { LocalMediaServer } from '../support/local-media-server.ts';
import { RtmpClient } from '../support/rtmp-client.ts';
import { encodeAmf0 } from '../support/rtmp-wire.ts';
import { audioFrame, audioHeader, videoFrames, videoHeader } from '../support/synthetic.ts';

const AUDIO = [audioHeader(), ...Array.from({ length: 40 }, (_, index) => audioFrame(index * 23, index))];
const VIDEO = [videoHeader(), ...videoFrames(40)];

describe('tracks of a stream', () => {
  let media: LocalMediaServer;
  beforeAll(async () => {
    media = await LocalMediaServer.start({ graceMs: 100 });
  });
  afterAll(async () => media.stop());

  async function publisher(name: string, announced?: { [key: string]: number }) {
    const client = await RtmpClient.connect({ port: media.ports.rtmp });
    const { streamId } = await client.publish(name);
    const metadata = encodeAmf0('@setDataFrame', 'onMetaData', announced);
    if (announced) client.sendMedia(streamId, { type: 'data', timestamp: 0, payload: metadata });
    const send = (tags: readonly WireTag[]): void => {
      for (const { type, timestamp, body } of tags)
        client.sendMedia(streamId, { type: type === 'script' ? 'data' : type, timestamp, payload: body });
    };
    return { client, send };
  }

  /** Every viewer that waited gets every tag. */
  async function expectWhole(
    name: string,
    tags: readonly WireTag[],
    announced?: { [key: string]: number },
  ): Promise<void> {
    using audience = await Audience.seated(media, name, { each: 1 });
    const { client, send } = await publisher(name, announced);
    send(tags);
    const isLast = ({ media: received }: { media: WireTag[] }): boolean =>
      received.at(-1)?.body.equals(tags.at(-1)?.body ?? Buffer.alloc(0)) === true;
    await audience.all(isLast, 'the last tag');
    for (const { protocol, media: received } of audience.viewers)
      expect(describeTags(received).toSorted(), protocol).toEqual(describeTags(tags).toSorted());
    client.close();
    await media.isState(name, 'gone');
  }

  it('audio alone, announced by metadata', async () => {
    using audience = await Audience.seated(media, 'audio', { each: 1 });
    const { client, send } = await publisher('audio', { audiocodecid: 10 });
    send(AUDIO.slice(0, 1));
    await audience.all((viewer) => viewer.media.length === 1, 'the audio header');
    send(AUDIO.slice(1));
    await audience.all((viewer) => viewer.media.length === AUDIO.length, 'every tag');
    for (const { protocol, media: received } of audience.viewers)
      expect(describeTags(received), protocol).toEqual(describeTags(AUDIO));
    client.close();
    await media.isState('audio', 'gone');
  });

  it('video alone, announced by metadata', async () => expectWhole('video', VIDEO, { videocodecid: 7 }));

  it('video alone, unannounced: viewers wait a second for audio, then start at the last key frame', async () => {
    using audience = await Audience.seated(media, 'unannounced', { each: 1 });
    const { client, send } = await publisher('unannounced');
    send(VIDEO);
    await audience.all(({ video }) => video.length === 16, 'the second group of pictures');
    for (const { protocol, video } of audience.viewers)
      expect(describeTags(video.slice(1)), protocol).toEqual(describeTags(VIDEO.slice(26)));
    client.close();
    await media.isState('unannounced', 'gone');
  });

  it('an audio header that comes after the first frames costs no picture', async () => {
    await expectWhole('late-header', [...VIDEO.slice(0, 4), ...AUDIO.slice(0, 1), ...VIDEO.slice(4)]);
  });

  // ffmpeg sends AAC's priming packet first.
  it('audio that begins before the first key frame reaches viewers that waited', async () => {
    const video = VIDEO.slice(1).map((tag) => ({ ...tag, timestamp: tag.timestamp + 69 }));
    await expectWhole('early-audio', [...VIDEO.slice(0, 1), ...AUDIO.slice(0, 4), ...video]);
  });
});
