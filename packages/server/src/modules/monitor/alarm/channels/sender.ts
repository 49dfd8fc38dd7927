import { randomUUID } from 'node:crypto';
import { OutboundError, type Outbound } from '../../../../http/outbound.ts';
import { plainText } from '../message.ts';
import type { ChannelOptions, Parcel, Robot, RobotOptions } from './contract.ts';
import { dingtalk } from './dingtalk.ts';
import { feishu } from './feishu.ts';
import { slack } from './slack.ts';
import { webhookPost } from './webhook.ts';
import { wecom } from './wecom.ts';

/** Robots answer in a line. */
const MAX_ANSWER_BYTES = 64 * 1024;
const ROBOTS: Readonly<Record<RobotOptions['type'], Robot>> = { dingtalk, feishu, wecom, slack };

/** How mail is sent; by the auth module. */
export interface AlarmMailer {
  send(mail: { to: string; subject: string; text: string }): Promise<void>;
}

export interface SenderDeps {
  outbound: Outbound;
  mailer: AlarmMailer;
  now: () => number;
}

/** Brings one parcel to one channel. What goes wrong is a code: addresses and answers of others may hold secrets. */
export class Sender {
  readonly #deps: SenderDeps;

  constructor(deps: SenderDeps) {
    this.#deps = deps;
  }

  /** What went wrong; undefined when it has arrived. `id` is the same for each try of a parcel. */
  async send(options: ChannelOptions, parcel: Parcel, id: string = randomUUID()): Promise<string | undefined> {
    const { outbound, now } = this.#deps;
    try {
      if (options.type === 'email') return await this.#mail(options.to, parcel);
      if (options.type !== 'webhook') return await this.#robot(options, parcel);
      const { url, ...post } = webhookPost(parcel.tellings, { ...options, id, atMs: now() });
      const status = await outbound.post(url, post);
      return status >= 200 && status < 300 ? undefined : `http_${status}`;
    } catch (error) {
      if (error instanceof OutboundError) return error.code;
      throw error;
    }
  }

  async #robot(options: RobotOptions, { message }: Parcel): Promise<string | undefined> {
    const robot = ROBOTS[options.type];
    const { url, ...post } = robot.post(message, options, this.#deps.now());
    return robot.problem(await this.#deps.outbound.ask(url, { ...post, maxBytes: MAX_ANSWER_BYTES }));
  }

  async #mail(to: readonly string[], { message }: Parcel): Promise<string | undefined> {
    try {
      await this.#deps.mailer.send({ to: to.join(', '), subject: message.title, text: plainText(message) });
      return undefined;
    } catch {
      // What the mail server said may name more than it should; its breaker and the log of mail say the rest.
      return 'mail_failed';
    }
  }
}
