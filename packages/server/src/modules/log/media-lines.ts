import type { Logger } from 'pino';
import type { EngineEvent, EngineHandler } from '../../engine/contract.ts';

const NOT_FOUND = 404;

/** Says who publishes what, and why they were refused or gone; of viewers only for who looks closer. */
export function logMedia(logger: Logger, handler: EngineHandler): EngineHandler {
  return {
    ...handler,
    authorizePublish: async (client) => {
      const verdict = await handler.authorizePublish(client);
      if (verdict.action === 'deny' && client.isTrial !== true) {
        const { protocol, address, stream } = client;
        // A name that nobody has may be a key in the wrong place.
        const known = verdict.status === NOT_FOUND ? {} : { stream };
        logger.info({ ...known, protocol, address, code: verdict.code }, 'a publisher was refused');
      }
      return verdict;
    },
    notify: (event) => {
      say(logger, event);
      handler.notify(event);
    },
  };
}

function say(logger: Logger, event: EngineEvent): void {
  const { stream } = event;
  switch (event.type) {
    case 'published': {
      const { client, resumed } = event;
      const { protocol, address } = client;
      logger.info({ stream, protocol, address }, resumed ? 'a publisher is back' : 'a stream is published');
      return;
    }
    case 'interrupted':
      logger.info({ stream, reason: event.reason }, 'a publisher is gone');
      return;
    case 'ended':
      logger.info({ stream, reason: event.reason }, 'a stream is over');
      return;
    case 'playing':
    case 'stopped':
      logger.debug(
        { stream, protocol: event.client.protocol, address: event.client.address },
        `a viewer: ${event.type}`,
      );
      return;
    default:
  }
}
