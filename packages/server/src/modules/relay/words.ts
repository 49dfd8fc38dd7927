import type { Language } from '../gateway/contract.ts';

/** What keeps a stream from its target, by the engine's codes. */
const WORDS: Readonly<Record<string, Readonly<Record<Language, string>>>> = {
  bad_url: { zh: '推流地址无效', en: 'The address is not one that a stream can be sent to' },
  address_refused: {
    zh: '目标服务器不在公网，不允许转推',
    en: 'The server is in a private network, where streams may not be sent',
  },
  host_not_found: { zh: '找不到目标服务器', en: 'There is no server of this name' },
  unreachable: { zh: '无法连接目标服务器', en: 'The server cannot be reached' },
  tls_failed: { zh: '目标服务器的证书无效', en: 'The certificate of the server is not valid' },
  timeout: { zh: '目标服务器没有响应', en: 'The server did not answer in time' },
  handshake_failed: { zh: '目标不是 RTMP 服务器', en: 'The server does not speak RTMP' },
  connect_rejected: { zh: '目标服务器拒绝了连接', en: 'The server refused the connection' },
  publish_rejected: {
    zh: '目标服务器拒绝了推流：密钥错误或正在使用',
    en: 'The server refused the stream: its key is wrong or in use',
  },
  closed: { zh: '目标服务器断开了连接', en: 'The server closed the connection' },
  malformed: { zh: '目标服务器的响应无效', en: 'The server answered what nobody can read' },
  too_slow: { zh: '到目标服务器的网络太慢', en: 'The network to the server is too slow for the stream' },
};

/** The engine’s own words where its code is not known here. */
export function relayWords({ code, message }: { code: string; message: string }, language: Language): string {
  return (Object.hasOwn(WORDS, code) ? WORDS[code]?.[language] : undefined) ?? message;
}
