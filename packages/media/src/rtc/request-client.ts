import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../cluster/connection-counter.ts';
import type { MediaClient } from '../hooks/contract.ts';
import { randomClientId } from '../hub/client-id.ts';
import type { StreamAddress } from '../hub/stream-name.ts';

const MAX_HOST_LENGTH = 255;
const MAX_PAGE_LENGTH = 1024;

/** Who asks, as hooks describe it. The platform's own port passes requests on and says for whom. */
export function clientOf(request: IncomingMessage, { app, stream, param }: StreamAddress): MediaClient {
  const { headers, socket } = request;
  const hostName = (headers.host ?? '').slice(0, MAX_HOST_LENGTH);
  return {
    clientId: randomClientId(),
    protocol: 'webrtc',
    address: addressOf(request),
    vhost: '__defaultVhost__',
    app,
    stream,
    param,
    tcUrl: `${'encrypted' in socket ? 'https' : 'http'}://${hostName}/${app}`,
    pageUrl: (headers.referer ?? '').split('?')[0]?.slice(0, MAX_PAGE_LENGTH) ?? '',
  };
}

/** Only somebody on this machine may speak for others: a proxy, or the platform's own port. */
export function addressOf({ headers, socket }: IncomingMessage): string {
  const own = socket.remoteAddress ?? '';
  const forwarded = headers['x-forwarded-for'];
  const last = (Array.isArray(forwarded) ? forwarded.at(-1) : forwarded)?.split(',').at(-1)?.trim();
  return isLoopback(own) && last !== undefined && last !== '' ? last : own;
}
