import { MessageChannel, MessagePort } from 'node:worker_threads';
import { Directory, type WorkerPost } from '../cluster/directory.ts';
import type { MainNotice } from '../cluster/messages.ts';
import type { MediaClient, MediaEvent, MediaHooks } from '../hooks/contract.ts';
import { testLog, testOptions } from './media-options.ts';

let lastClient = 0;

export function mediaClient(changes: Partial<MediaClient> = {}): MediaClient {
  return {
    clientId: `client-${++lastClient}`,
    protocol: 'rtmp',
    address: '10.0.0.1',
    vhost: '__defaultVhost__',
    app: 'live',
    stream: 'a',
    param: '?key=secret',
    tcUrl: 'rtmp://host/live',
    pageUrl: '',
    ...changes,
  };
}

/** A directory whose workers are a list of what they were told. Ports in notices are closed at once. */
export function directoryBench(hooks: Partial<MediaHooks> = {}, options: Parameters<typeof testOptions>[0] = {}) {
  const events: MediaEvent[] = [];
  const told: { workerId: number; notice: MainNotice }[] = [];
  const post: WorkerPost = {
    send: (workerId, notice) => {
      if ('port' in notice && notice.port instanceof MessagePort) notice.port.close();
      told.push({ workerId, notice });
    },
    hop: () => {
      const { port1, port2 } = new MessageChannel();
      return { from: port1, to: port2 };
    },
    ownerFor: (workerId) => Math.max(workerId, 0),
  };
  const directory = new Directory({
    options: testOptions(options),
    log: testLog(),
    post,
    hooks: {
      authorizePublish: ({ param }) => Promise.resolve({ action: 'publish', credential: param }),
      authorizePlay: () => Promise.resolve({ action: 'play' }),
      notify: (event) => events.push(event),
      ...hooks,
    },
  });
  const asker = (workerId: number, alive = true) => ({ workerId, alive: () => alive });
  return {
    directory,
    events,
    told,
    eventTypes: () => events.map(({ type }) => type),
    toldTypes: () => told.map(({ workerId, notice }) => `${workerId} ${notice.type}`),
    asker,
    /** The reply of a publish on worker 0; its port, if any, is closed. */
    publish: async (client: MediaClient, workerId = 0) => {
      const { reply } = await directory.publish(asker(workerId), client);
      if (reply.action === 'publish' && reply.port instanceof MessagePort) reply.port.close();
      return reply;
    },
    play: (client: MediaClient, workerId = 0) => directory.play(asker(workerId), client),
  };
}
