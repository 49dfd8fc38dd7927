import { MessageChannel, MessagePort } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { until } from '../../../../test/support/until.ts';
import { Link, LinkClosedError } from './link.ts';
function pair() {
  const { port1, port2 } = new MessageChannel();
  const heard = [];
  const near = new Link(port1, {
    answer: (request) => Promise.resolve({ reply: `near ${request}` }),
    notice: (notice) => heard.push(notice),
  });
  const far = new Link(port2, {
    answer: async (request) => {
      if (request === 'never') return new Promise(() => undefined);
      if (request !== 'port') return { reply: `far ${request}` };
      const { port1: gift } = new MessageChannel();
      return { reply: { gift }, transfer: [gift] };
    },
    notice: (notice) => heard.push(notice),
  });
  return { near, far, heard };
}
describe('Link', () => {
  it('answers requests both ways, each its own', async () => {
    const { near, far } = pair();
    const answers = await Promise.all([near.request('a'), near.request('b'), far.request('c')]);
    expect(answers).toEqual(['far a', 'far b', 'near c']);
    near.close();
    far.close();
  });
  it('carries ports in answers, and notices', async () => {
    const { near, far, heard } = pair();
    const { gift } = await near.request('port');
    expect(gift).toBeInstanceOf(MessagePort);
    gift.close();
    far.send('hello');
    await until(() => heard.includes('hello'));
  });
  it('fails what waits when the other side is gone, and everything asked after', async () => {
    const { near } = pair();
    const waiting = near.request('never');
    near.close();
    near.close();
    await expect(waiting).rejects.toThrow(LinkClosedError);
    await expect(near.request('a')).rejects.toThrow(LinkClosedError);
    near.send('into the void');
  });
});
