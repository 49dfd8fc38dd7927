import type { AmfObject, AmfValue } from '@kaibo/formats';
import { encodeCommand } from './command.ts';

const MAX_URL_LENGTH = 1024;
/** Enhanced RTMP v2, "Enhancing NetConnection connect Command": what passes through this server. */
export const FOUR_CC_LIST = ['avc1', 'hvc1', 'av01', 'vp08', 'vp09', 'mp4a', 'Opus', 'fLaC', 'ac-3', 'ec-3', '.mp3'];
/** capsEx bits: multitrack 0x02, ModEx 0x04, timestamp nano offset 0x08. */
const CAPS_EX = 0x02 | 0x04 | 0x08;
const SERVER_CAPABILITIES = 31;
/** Old Flash clients check it; SRS and nginx-rtmp say the same. */
const FMS_VERSION = 'FMS/3,5,7,7009';

export interface ConnectRequest {
  app: string;
  /** Parameters that came with the app or tcUrl instead of the stream name; with `?`, or ''. */
  query: string;
  /** Without query: it may hold a key. */
  tcUrl: string;
  pageUrl: string;
  objectEncoding: 0 | 3;
  enhanced: boolean;
}

/** RTMP 1.0, 7.2.1.1: the command object of connect. */
export function parseConnect(object: AmfObject | undefined): ConnectRequest | { refusal: string } {
  const tcUrl = text(object?.['tcUrl']);
  if (tcUrl === '') return { refusal: 'connect needs tcUrl.' };
  const rawApp = text(object?.['app']);
  const [path = '', ...queryParts] = rawApp.split('?');
  const app = path.replace(/\/+$/, '');
  if (app === '') return { refusal: 'connect needs app.' };
  const query = queryParts.length > 0 ? `?${queryParts.join('?')}` : queryOf(tcUrl);
  return {
    app,
    query,
    tcUrl: withoutQuery(tcUrl),
    pageUrl: withoutQuery(text(object?.['pageUrl'])),
    objectEncoding: object?.['objectEncoding'] === 3 ? 3 : 0,
    enhanced: object !== undefined && ('fourCcList' in object || 'capsEx' in object || 'videoFourCcInfoMap' in object),
  };
}

export function acceptConnect(transactionId: number, { objectEncoding, enhanced }: ConnectRequest): Buffer {
  const properties: AmfObject = { fmsVer: FMS_VERSION, capabilities: SERVER_CAPABILITIES, mode: 1 };
  const info: AmfObject = {
    level: 'status',
    code: 'NetConnection.Connect.Success',
    description: 'Connection succeeded.',
    objectEncoding,
  };
  if (enhanced) {
    properties['fourCcList'] = [...FOUR_CC_LIST];
    properties['capsEx'] = CAPS_EX;
    info['capsEx'] = CAPS_EX;
  }
  return encodeCommand(0, '_result', transactionId, properties, info);
}

function text(value: AmfValue): string {
  return typeof value === 'string' && value.length <= MAX_URL_LENGTH ? value : '';
}

function queryOf(url: string): string {
  const at = url.indexOf('?');
  return at < 0 ? '' : url.slice(at);
}

function withoutQuery(url: string): string {
  return url.split('?')[0] ?? '';
}
