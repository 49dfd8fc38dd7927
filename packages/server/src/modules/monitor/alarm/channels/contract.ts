import type { Language } from '../../../gateway/contract.ts';
import type { Fetched } from '../../../../http/outbound.ts';
import type { AlarmLevel } from '../book.ts';
import type { Message, Telling } from '../message.ts';

interface Filters {
  name: string;
  levels: readonly AlarmLevel[];
  /** `disk_low`, `disk_*`, `*`. */
  kinds: readonly string[];
  /** Whether it is told when an alarm is over. */
  cleared: boolean;
  language?: Language | undefined;
}

/** A place where people are told, as the operator wrote it: `url` and `secret` are told to nobody. */
export type ChannelOptions = Filters &
  ({ type: 'webhook'; url: string; secret: string } | { type: 'email'; to: readonly string[] } | RobotOptions);

export interface RobotOptions {
  type: 'dingtalk' | 'feishu' | 'wecom' | 'slack';
  url: string;
  secret?: string | undefined;
}

/** What is posted, and where. */
export interface Post {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** How a chat robot is spoken to. */
export interface Robot {
  post(message: Message, options: RobotOptions, atMs: number): Post;
  /** What it says went wrong, as a code; undefined when it took the message. Most answer 200 also when they did not. */
  problem(answer: Fetched): string | undefined;
}

/** What is delivered in one go: the same in words and in data. */
export interface Parcel {
  tellings: readonly Telling[];
  message: Message;
}

export const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8', 'user-agent': 'Kaibo-Alarm/1' };

/** For robots that answer `{ errcode: 0 }` and the like: 0 is well. */
export function codeProblem({ status, body }: Fetched, field: string): string | undefined {
  if (status < 200 || status > 299) return `http_${status}`;
  try {
    const code = (JSON.parse(body.toString()) as Readonly<Record<string, unknown>>)[field];
    if (code === 0) return undefined;
    return typeof code === 'number' ? `refused_${code}` : 'bad_answer';
  } catch {
    return 'bad_answer';
  }
}
