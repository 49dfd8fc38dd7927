import type { z } from 'zod';
import { AppError, type Account, type Authenticator } from '../gateway/contract.ts';
import { asAppError, type Connection } from '../../sockets/connection.ts';
import type { Channels, Subscription } from './channels.ts';
import {
  authSchema,
  CLOSE,
  envelopeSchema,
  subscribeSchema,
  unsubscribeSchema,
  type Asker,
  type MessageId,
  type RealtimeCommand,
} from './contract.ts';
import type { FeedMember } from './feed.ts';
import type { Batch } from './message.ts';

export interface SessionDeps {
  channels: Channels;
  commands: readonly RealtimeCommand[];
  authenticator: Authenticator;
  maxSubscriptions: number;
}

/** What one realtime socket asks for, and what it listens to. */
export class Session {
  readonly #deps: SessionDeps;
  readonly #connection: Connection;
  /** Ends each subscription, by channel. */
  readonly #subscriptions = new Map<string, () => void>();

  constructor(deps: SessionDeps, connection: Connection) {
    this.#deps = deps;
    this.#connection = connection;
  }

  async received(message: unknown, id: MessageId): Promise<void> {
    const { type } = envelopeSchema.parse(message);
    switch (type) {
      case 'ping':
        return this.#connection.send({ type: 'pong', id });
      case 'auth':
        return this.#authenticate(authSchema.parse(message));
      case 'subscribe':
        return this.#subscribe(subscribeSchema.parse(message));
      case 'unsubscribe': {
        this.#unsubscribe(unsubscribeSchema.parse(message).channel);
        return this.#connection.send({ type: 'ack', id });
      }
      default:
        return this.#connection.send({ type: 'ack', id, data: await this.#command(type, message) });
    }
  }

  closed(): void {
    for (const channel of [...this.#subscriptions.keys()]) this.#unsubscribe(channel);
  }

  async #authenticate({ id, token }: z.output<typeof authSchema>): Promise<void> {
    const account = await this.#deps.authenticator.authenticate(token);
    this.#connection.identify(account);
    const { username, role, expiresAtMs } = account;
    this.#connection.send({ type: 'ack', id, data: { user: { id: account.id, username, role }, expiresAtMs } });
  }

  async #command(type: string, message: unknown): Promise<unknown> {
    const command = this.#deps.commands.find((candidate) => candidate.type === type);
    if (command === undefined) throw new AppError('invalid_message', { fields: `type: ${type}` });
    this.#connection.assertFresh();
    assertScope(this.#connection.account, command);
    return command.run(message, this.#connection.caller);
  }

  /**
   * The ack comes first when the message has an id, then the snapshot, or an error that names the channel: what is read
   * for the start may fail after the ack. A second subscription takes the first one's place.
   */
  async #subscribe({ id, channel, since, token, vid }: z.output<typeof subscribeSchema>): Promise<void> {
    this.#connection.assertFresh();
    if (!this.#subscriptions.has(channel) && this.#subscriptions.size >= this.#deps.maxSubscriptions) {
      throw new AppError('too_many_subscriptions');
    }
    this.#unsubscribe(channel);
    let isLeft = false;
    let subscription: Subscription | undefined;
    const leave = (): void => {
      isLeft = true;
      subscription?.leave();
      if (this.#subscriptions.get(channel) === leave) this.#subscriptions.delete(channel);
    };
    this.#subscriptions.set(channel, leave);
    const asker = (): Asker => ({ caller: this.#connection.caller, token, vid });
    try {
      subscription = await this.#deps.channels.enter(channel, this.#member(channel, { asker, leave }));
      if (isLeft) {
        subscription.leave();
        return;
      }
      if (id !== undefined) this.#connection.send({ type: 'ack', id });
      await subscription.begin(since ?? undefined);
    } catch (error) {
      // Whose place another one has taken says nothing of the channel.
      const about = isLeft ? undefined : channel;
      leave();
      this.#connection.refuse(error, id, about);
    }
  }

  #unsubscribe(channel: string): void {
    this.#subscriptions.get(channel)?.();
  }

  #member(channel: string, { asker, leave }: { asker: () => Asker; leave: () => void }): FeedMember {
    const connection = this.#connection;
    const { inflates } = connection;
    return {
      asker,
      inflates,
      take: inflates
        ? (batch: Batch) => connection.sendFrame(batch.deflatedFrames)
        : (batch: Batch) => connection.sendFrame(batch.frames),
      end: (why) => {
        leave();
        const refusal = asAppError(why, connection.caller);
        if (refusal.status >= 500) connection.cut(CLOSE.resume, 'resume');
        else {
          const error = refusal.words(connection.caller.language);
          connection.send({ type: 'error', channel, code: refusal.code, error });
        }
      },
    };
  }
}

/** An API key may do what it was made for. */
function assertScope(account: Account | undefined, { scope }: RealtimeCommand): void {
  const scopes = account?.scopes;
  if (scopes === undefined) return;
  if (scope === undefined || !(scopes.includes(scope) || scopes.includes('admin'))) throw new AppError('key_scope');
}
