import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { freeUdpPort } from '../../../../../test/support/ports.ts';
const run = promisify(execFile);
const PEERS = 50;
/** Of its own process: it is asked to collect its garbage, and the library does not like to be in one with others. */
const SCRIPT = `
  import { createSocket } from 'node:dgram';
  import { setTimeout as sleep } from 'node:timers/promises';
  const [url, port, peers] = process.argv.slice(1);
  const { PeerTransport } = await import(url);
  const remote = {
    iceUfrag: 'abcd',
    icePwd: '0123456789abcdefghijkl',
    fingerprint: { algorithm: 'sha-256', value: Array.from({ length: 32 }, () => '0A').join(':') },
    setup: 'actpass',
  };
  let collected = 0;
  const registry = new FinalizationRegistry(() => collected++);
  const udp = { port: Number(port), bindAddress: '127.0.0.1' };
  async function session() {
    const events = { packet() {}, connected() {}, failed() {} };
    const transport = new PeerTransport({ name: 'a', udp, events });
    const answer = await transport.accept(remote);
    if (answer.setup === 'actpass') throw new Error('no answer');
    transport.close();
    transport.close();
    if (transport.send(new Uint8Array(20))) throw new Error('sent');
    transport.addCandidate('candidate:1 1 udp 1 192.0.2.1 9 typ host');
    registry.register(transport);
  }
  for (let index = 0; index < Number(peers); index++) await session();
  const taken = createSocket('udp4');
  await new Promise((resolve) => taken.bind(0, '127.0.0.1', resolve));
  const blocked = new PeerTransport({
    name: 'c',
    udp: { ...udp, port: taken.address().port },
    events: { packet() {}, connected() {}, failed() {} },
  });
  const refused = await blocked.accept(remote).catch(({ code }) => code);
  blocked.close();
  const early = new PeerTransport({ name: 'b', udp, events: { packet() {}, connected() {}, failed() {} } });
  const accepted = early.accept(remote).then(() => 'answered', (error) => error.code);
  early.close();
  for (let round = 0; round < 100 && collected < Number(peers); round++) {
    gc();
    await sleep(50);
  }
  console.log(JSON.stringify({ collected, refused, early: await accepted }));
  process.exit(0);
`;
describe('PeerTransport', () => {
  it('is nobody’s once closed, leaves no answer open, and blames no peer for a port that is taken', async () => {
    const url = new URL('./peer-transport.ts', import.meta.url).href;
    const args = ['--expose-gc', '--input-type=module', '--eval', SCRIPT, url, String(await freeUdpPort()), `${PEERS}`];
    const { stdout } = await run(process.execPath, args, { timeout: 20_000 });
    const { collected, refused, early } = JSON.parse(stdout);
    expect(collected).toBe(PEERS);
    expect(refused).toBe('rtc_unavailable');
    expect(['malformed', 'answered']).toContain(early);
  });
});
