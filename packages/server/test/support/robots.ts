import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Said {
  path: string;
  query: URLSearchParams;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: string;
}

export interface Robots {
  /** Of the server, without a path. */
  base: string;
  said: Said[];
  /** Messages that each took, by its first part of the path. */
  taken(name: string): Record<string, unknown>[];
  secret: string;
  /** Every request is answered so, instead of by its robot. */
  broken: { status: number; body: string } | undefined;
}

/** A skew that vendors take: DingTalk and Feishu say an hour. */
const SKEW_MS = 3_600_000;

/**
 * What the vendors' servers do with a message, as their documents say: check time and signature, the shape, the length,
 * and answer as they answer. At `/dingtalk`, `/feishu`, `/wecom`, `/slack`, each with a token that has to be right.
 */
export async function startRobots(): Promise<Robots> {
  const taken = new Map<string, Record<string, unknown>[]>();
  const secret = 'SECa1b2c3d4e5f6';
  const server = createServer((request, answer) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '', 'http://robots');
      const one = {
        ...{ path: url.pathname, query: url.searchParams, headers: request.headers },
        body: Buffer.concat(chunks).toString(),
      };
      robots.said.push(one);
      const name = url.pathname.split('/')[1] ?? '';
      const { status, body } = robots.broken ?? answerOf(name, one, secret);
      if (robots.broken === undefined && isTaken(name, status, body))
        taken.set(name, [...(taken.get(name) ?? []), JSON.parse(one.body) as Record<string, unknown>]);
      answer.writeHead(status, { 'content-type': name === 'slack' ? 'text/html' : 'application/json' }).end(body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  );
  const robots: Robots = {
    ...{ base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, said: [], secret, broken: undefined },
    taken: (name) => taken.get(name) ?? [],
  };
  return robots;
}

interface Reply {
  status: number;
  body: string;
}

const json = (body: object): Reply => ({ status: 200, body: JSON.stringify(body) });

function isTaken(name: string, status: number, body: string): boolean {
  if (name === 'slack') return status === 200;
  const answer = JSON.parse(body) as { errcode?: number; code?: number };
  return (answer.errcode ?? answer.code) === 0;
}

function answerOf(name: string, said: Said, secret: string): Reply {
  switch (name) {
    case 'dingtalk':
      return dingtalk(said, secret);
    case 'feishu':
      return feishu(said, secret);
    case 'wecom':
      return wecom(said);
    case 'slack':
      return slack(said);
    default:
      return { status: 404, body: '{}' };
  }
}

function dingtalk({ query, headers, body }: Said, secret: string): Reply {
  const refused = (errmsg: string): Reply => json({ errcode: 310_000, errmsg });
  if (query.get('access_token') !== 'ding-token') return refused('token is not exist');
  const timestamp = query.get('timestamp') ?? '';
  if (Math.abs(Date.now() - Number(timestamp)) > SKEW_MS) return refused('invalid timestamp');
  const sign = createHmac('sha256', secret).update(`${timestamp}\n${secret}`, 'utf8').digest('base64');
  if (query.get('sign') !== sign) return refused('sign not match');
  if (!String(headers['content-type']).startsWith('application/json')) return refused('not json');
  const { msgtype, markdown } = JSON.parse(body) as { msgtype?: string; markdown?: { title?: string; text?: string } };
  if (msgtype !== 'markdown' || !markdown?.title || !markdown.text) return refused('param error');
  return json({ errcode: 0, errmsg: 'ok' });
}

function feishu({ path, body }: Said, secret: string): Reply {
  const refused = (code: number, msg: string): Reply => json({ code, msg, data: {} });
  if (!path.endsWith('/feishu-token')) return refused(19_001, 'param invalid: incoming webhook access token invalid');
  const { timestamp = '', sign, msg_type: type, card } = JSON.parse(body) as Record<string, unknown>;
  if (Math.abs(Date.now() - Number(timestamp) * 1000) > SKEW_MS) return refused(19_021, 'timestamp too old');
  const expected = createHmac('sha256', `${String(timestamp)}\n${secret}`).digest('base64');
  if (sign !== expected)
    return refused(19_021, 'sign match fail or timestamp is not within one hour from current time');
  const { header, elements } = (card ?? {}) as { header?: { title?: { content?: string } }; elements?: unknown[] };
  if (type !== 'interactive' || !header?.title?.content || !elements?.length) return refused(9499, 'Bad Request');
  return json({ StatusCode: 0, StatusMessage: 'success', code: 0, data: {}, msg: 'success' });
}

function wecom({ query, body }: Said): Reply {
  if (query.get('key') !== 'wecom-key') return json({ errcode: 93_000, errmsg: 'invalid webhook url' });
  const { msgtype, markdown } = JSON.parse(body) as { msgtype?: string; markdown?: { content?: string } };
  if (msgtype !== 'markdown' || !markdown?.content) return json({ errcode: 40_008, errmsg: 'invalid message type' });
  if (Buffer.byteLength(markdown.content) > 4096)
    return json({ errcode: 40_058, errmsg: 'markdown.content exceed max length 4096' });
  return json({ errcode: 0, errmsg: 'ok' });
}

function slack({ path, body }: Said): Reply {
  if (!path.endsWith('/T0/B0/slack-token')) return { status: 403, body: 'invalid_token' };
  const { text, blocks } = JSON.parse(body) as { text?: string; blocks?: { type: string; text?: { text: string } }[] };
  const isWrong =
    !text ||
    blocks === undefined ||
    blocks.length > 50 ||
    blocks.some(({ type, text: of }) => (of?.text.length ?? 1) > (type === 'header' ? 150 : 3000) || of?.text === '');
  return isWrong ? { status: 400, body: 'invalid_blocks' } : { status: 200, body: 'ok' };
}
