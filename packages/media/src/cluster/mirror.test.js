import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../../../test/support/until.ts';
import { httpFlvFraming } from '../flv/framing.ts';
import { Stream } from '../hub/stream.ts';
import { FakeViewer } from '../testing/fake-viewer.ts';
import { testOptions } from '../testing/media-options.ts';
import { audioConfig, audioFrame, keyFrame, opusConfig, opusFrame, videoConfig } from '../testing/packets.ts';
import { openHop } from './hop-port.ts';
import { receiveMirror, sendMirror } from './mirror.ts';
const closing = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});
/** A stream on its owner, its mirror elsewhere, and what the owner heard of demand. */
function mirrored() {
  const options = testOptions({ mergeWindowMs: 0 });
  const owner = new Stream({ key: 'live/a', options });
  const mirror = new Stream({ key: 'live/a', options });
  const { port1, port2 } = new MessageChannel();
  closing.push(() => port1.close());
  const demand = [];
  owner.onAacDemand((wanted) => demand.push(wanted));
  const lost = [];
  return {
    owner,
    mirror,
    demand,
    lost,
    close: () => port2.close(),
    connect: () => {
      sendMirror(owner, openHop(port1));
      receiveMirror(mirror, openHop(port2), () => lost.push('lost'));
    },
  };
}
/** FourCC or SoundFormat of each audio frame that a viewer was sent. */
const codecsOf = (viewer) =>
  viewer.tags().flatMap(({ type, body }) => (type === 8 ? [(body[0] ?? 0) >> 4 === 9 ? 'opus' : 'aac'] : []));
describe('a mirror', () => {
  it('asks its owner for AAC while a viewer of its takes it, and gives each viewer its own', async () => {
    const { owner, mirror, demand, connect } = mirrored();
    const feed = owner.attach({ placed: false, bridged: true });
    for (const packet of [videoConfig(0), opusConfig(0), keyFrame(0), opusFrame(0)]) feed.publish(packet);
    connect();
    const opus = new FakeViewer(httpFlvFraming('opus'));
    mirror.subscribe(opus, 0);
    await until(() => opus.begun === 1);
    expect(demand).toEqual([]);
    const aac = new FakeViewer();
    const sink = mirror.subscribe(aac, 0);
    await until(() => demand.length === 1);
    for (const packet of [audioConfig(0), audioFrame(0)]) owner.publishAlternate(packet);
    await until(() => codecsOf(aac).length === 2);
    feed.publish(opusFrame(20));
    await until(() => codecsOf(opus).length === 3);
    expect([codecsOf(aac), codecsOf(opus)]).toEqual([
      ['aac', 'aac'],
      ['opus', 'opus', 'opus'],
    ]);
    mirror.unsubscribe(sink);
    await until(() => demand.length === 2);
    expect(demand).toEqual([true, false]);
  });
  it('is given the AAC that its owner has already, after what was published', async () => {
    const { owner, mirror, connect } = mirrored();
    const feed = owner.attach({ placed: false, bridged: true });
    for (const packet of [videoConfig(0), opusConfig(0), keyFrame(0), opusFrame(0)]) feed.publish(packet);
    for (const packet of [audioConfig(0), audioFrame(0)]) owner.publishAlternate(packet);
    const aac = new FakeViewer();
    mirror.subscribe(aac, 0);
    connect();
    await until(() => codecsOf(aac).length === 2);
    expect(codecsOf(aac)).toEqual(['aac', 'aac']);
  });
  it('begins anew with each publisher, a browser or not', async () => {
    const { owner, mirror, connect } = mirrored();
    const publish = (bridged) => {
      const feed = owner.attach({ placed: false, bridged });
      for (const packet of [videoConfig(0), opusConfig(0), keyFrame(0), opusFrame(0)]) feed.publish(packet);
    };
    connect();
    publish(true);
    publish(false);
    const viewer = new FakeViewer();
    mirror.subscribe(viewer, 0);
    await until(() => codecsOf(viewer).length === 2);
    expect(codecsOf(viewer)).toEqual(['opus', 'opus']);
  });
  it('wants nothing any more when its hop is gone', async () => {
    const { owner, mirror, demand, connect, close, lost } = mirrored();
    owner.attach({ placed: false, bridged: true });
    connect();
    mirror.subscribe(new FakeViewer(), 0);
    await until(() => demand.length === 1);
    close();
    await until(() => lost.length === 1 && demand.length === 2);
    expect([demand, owner.isUnused]).toEqual([[true, false], false]);
  });
});
