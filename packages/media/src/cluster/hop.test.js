import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { until } from '../../../../test/support/until.ts';
import { audioFrame, interFrame, keyFrame, metadata } from '../testing/packets.ts';
import { HopSender, MAX_HOP_BYTES, receiveHop } from './hop.ts';
import { openHop } from './hop-port.ts';
function hop() {
  const { port1, port2 } = new MessageChannel();
  const heard = [];
  let messages = 0;
  port2.on('message', () => messages++);
  receiveHop(openHop(port2), {
    packet: (packet) => heard.push(packet),
    interrupted: () => heard.push('interrupted'),
    ended: (reason) => heard.push(reason),
    lost: () => heard.push('lost'),
  });
  return { sender: new HopSender(openHop(port1)), heard, messages: () => messages };
}
describe('a hop between workers', () => {
  it('brings packets over as they were', async () => {
    const { sender, heard } = hop();
    const packets = [
      metadata(0, { width: 2 }),
      keyFrame(0x1000000, 1, 2, 3),
      audioFrame(0xffffffff),
      { ...interFrame(40), ptsMs: 40 },
    ];
    for (const packet of packets) sender.packet(packet);
    sender.close();
    await until(() => heard.includes('lost'));
    const plain = (packet) =>
      typeof packet === 'string' ? packet : { ...packet, payload: Buffer.from(packet.payload).toString('hex') };
    expect(heard.map(plain)).toEqual([...packets.map(plain), 'lost']);
  });
  it('holds a bounded number of bytes for a thread that is stuck, and goes on at a key frame', async () => {
    const { port1, port2 } = new MessageChannel();
    const sender = new HopSender(openHop(port1));
    const frame = interFrame(0);
    const large = { ...frame, payload: Buffer.concat([frame.payload, Buffer.alloc(4 * 1024 * 1024)]) };
    const fits = Math.ceil(MAX_HOP_BYTES / large.payload.length);
    const send = (packet) => {
      sender.packet({ ...packet });
      sender.interrupted(); // sends what is pending now
    };
    for (let sent = 0; sent < fits + 5; sent++) send(large);
    const heard = [];
    receiveHop(openHop(port2), { packet: (packet) => heard.push(packet), interrupted() {}, ended() {}, lost() {} });
    await until(() => heard.length >= fits, { what: 'what was kept' });
    expect(heard).toHaveLength(fits);
    await until(
      () => {
        send(interFrame(1)); // dropped: no key frame yet
        send(keyFrame(2));
        return heard.some(({ keyframe }) => keyframe);
      },
      { what: 'the next key frame' },
    );
    expect(heard[fits]?.keyframe).toBe(true);
    port2.close();
  });
  it('batches what comes in its window', async () => {
    const { sender, heard, messages } = hop();
    for (let ms = 0; ms < 100; ms++) sender.packet(audioFrame(ms));
    await until(() => heard.length === 100);
    expect(messages()).toBe(1);
    for (let ms = 0; ms < 100; ms++) sender.packet(audioFrame(ms));
    await until(() => heard.length === 200);
    expect(messages()).toBe(2);
    sender.close();
  });
  it('says what became of the stream after the last packet, and then nothing', async () => {
    const { sender, heard } = hop();
    sender.packet(audioFrame(1));
    sender.interrupted();
    sender.packet(audioFrame(2));
    sender.ended('kicked');
    await until(() => heard.includes('lost'));
    expect(heard.map((one) => (typeof one === 'string' ? one : one.dtsMs))).toEqual([
      1,
      'interrupted',
      2,
      'kicked',
      'lost',
    ]);
  });
  it('copies: the sender’s bytes stay its own', async () => {
    const { sender, heard } = hop();
    const packet = audioFrame(1, 7);
    sender.packet(packet);
    await until(() => heard.length === 1);
    packet.payload[2] = 9;
    expect(heard).toMatchObject([{ payload: Uint8Array.of(0xaf, 1, 7) }]);
    sender.close();
  });
  it('sends to a port that has closed without an error', async () => {
    const { port1, port2 } = new MessageChannel();
    const sender = new HopSender(openHop(port1));
    const closed = once(port1, 'close');
    port1.on('message', () => undefined);
    port2.close();
    await closed;
    expect(() => {
      sender.packet(audioFrame(1));
      sender.interrupted();
      sender.close();
    }).not.toThrow();
  });
});
