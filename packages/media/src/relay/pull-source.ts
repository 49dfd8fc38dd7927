import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import { FlvDemuxer, FormatError, type MediaPacket, packetFromTag } from '@kaibo/formats';
import { RtmpClient } from '../rtmp/client.ts';
import { RtmpClientError } from '../rtmp/client-error.ts';
import { parseRtmpUrl } from '../rtmp/client-url.ts';
import { packetsFromMessage } from '../rtmp/convert.ts';

/** A CDN sends its players on to one of its servers. */
const MAX_REDIRECTS = 3;

export interface PullListener {
  packet(packet: MediaPacket): void;
  /** Once; not after `close`. */
  closed(error: RtmpClientError): void;
}

/** A connection that media comes from. */
export interface PullSource {
  readonly socket: Socket;
  /** Idempotent. */
  close(): void;
}

/**
 * Asks for the stream at the URL. Packets have their source's own clock.
 * @throws RtmpClientError
 */
export async function openSource(
  url: string,
  { timeoutMs, listener }: { timeoutMs: number; listener: PullListener },
): Promise<PullSource> {
  if (/^https?:/i.test(url)) return openHttpFlv(url, { timeoutMs, listener, redirects: MAX_REDIRECTS });
  const client = await RtmpClient.open(parseRtmpUrl(url), { timeoutMs });
  await client.play({
    media: (message) => {
      for (const packet of packetsFromMessage(message)) listener.packet(packet);
    },
    closed: (error) => listener.closed(error),
  });
  return client;
}

async function openHttpFlv(
  url: string,
  { timeoutMs, listener, redirects }: { timeoutMs: number; listener: PullListener; redirects: number },
): Promise<PullSource> {
  const response = await get(url, timeoutMs);
  const { statusCode = 0, headers } = response;
  if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined && redirects > 0) {
    response.destroy();
    const next = URL.parse(headers.location, url);
    if (next === null || !/^https?:$/.test(next.protocol)) throw refused(statusCode);
    return openHttpFlv(next.href, { timeoutMs, listener, redirects: redirects - 1 });
  }
  if (statusCode !== 200) {
    response.destroy();
    throw refused(statusCode);
  }
  let isClosed = false;
  const end = (error: RtmpClientError): void => {
    if (isClosed) return;
    isClosed = true;
    response.destroy();
    listener.closed(error);
  };
  const demuxer = new FlvDemuxer();
  response.on('data', (bytes: Buffer) => {
    if (isClosed) return;
    try {
      for (const tag of demuxer.push(bytes)) if (tag.body.length > 0) listener.packet(packetFromTag(tag));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      end(new RtmpClientError('malformed', `The source sends no FLV that can be read: ${error.message}`));
    }
  });
  response.on('error', () => undefined); // 'close' follows
  response.on('close', () => end(new RtmpClientError('closed', 'The source ended the stream.')));
  return {
    socket: response.socket,
    close: () => {
      isClosed = true;
      response.destroy();
    },
  };
}

function get(url: string, timeoutMs: number): Promise<http.IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const request = (url.toLowerCase().startsWith('https:') ? https : http).get(url, { agent: false }, (response) => {
    clearTimeout(timer);
    resolve(response);
  });
  const timer = setTimeout(() => {
    reject(new RtmpClientError('timeout', 'The source did not answer in time.'));
    request.destroy();
  }, timeoutMs);
  request.on('error', (error) => {
    clearTimeout(timer);
    reject(new RtmpClientError('unreachable', 'The source cannot be reached.', { cause: error }));
  });
  return promise;
}

function refused(status: number): RtmpClientError {
  return new RtmpClientError('play_rejected', `The source does not play this stream (HTTP ${status}).`);
}
