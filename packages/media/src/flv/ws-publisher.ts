import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { MediaClient } from '../hooks/contract.ts';
import { cutSoon } from '../hub/close-soon.ts';
import type { SessionHost } from '../hub/session-host.ts';
import { FlvPublisher } from './publisher.ts';
import { refuseUpgrade } from './reply.ts';
import { closeCode, keepAlive } from './ws-session.ts';

/** RFC 6455, 5.5: a close frame's payload is at most 125 bytes, two of them the code. */
const MAX_REASON_LENGTH = 120;

/** One continuous FLV byte stream in binary frames, which need not align with tags (contracts.md). */
export async function publishWsFlv(
  host: SessionHost,
  { socket, client, accept }: { socket: Socket; client: MediaClient; accept: () => WebSocket | undefined },
): Promise<void> {
  const accepted: { webSocket?: WebSocket } = {};
  const publisher = new FlvPublisher(
    {
      socket,
      refuse: (denial) => refuseUpgrade(socket, denial),
      finish: (reason, detail) => {
        accepted.webSocket?.close(closeCode(reason), detail.slice(0, MAX_REASON_LENGTH));
        cutSoon(socket);
      },
    },
    host,
    client.clientId,
  );
  socket.once('close', () => publisher.close('closed'));
  if (!(await publisher.start(client))) return;
  const webSocket = accept();
  accepted.webSocket = webSocket;
  if (!webSocket) {
    publisher.close('closed');
    return;
  }
  keepAlive(webSocket);
  webSocket.on('message', (data: Buffer, binary) => {
    if (binary) publisher.push(data);
    else {
      publisher.close('malformed');
      webSocket.close(1003, 'FLV comes in binary frames.');
      cutSoon(socket);
    }
  });
  webSocket.once('close', () => publisher.close('closed'));
}
