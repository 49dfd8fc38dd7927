import { AppError, type Account, type Authenticator } from '../src/modules/gateway/contract.ts';
import type { UserChannel, UserDirectory, UserFacts } from '../src/modules/user/contract.ts';

/** An account, and how a request shows that it is this one. */
export interface Person extends UserFacts {
  headers: Record<string, string>;
  channel: { playId: string; key: string };
}

/** Accounts for tests about rooms, without passwords. */
export class People implements Authenticator, UserDirectory {
  readonly #people = new Map<string, Person>();

  add(id: string, role: 'user' | 'admin' = 'user'): Person {
    const channel = { playId: `channel-${id}`, key: `?key=secret-of-${id}` };
    const headers = { authorization: `Bearer test.${id}.token` };
    const person: Person = { id, username: id, name: `我是${id}`, role, isBanned: false, headers, channel };
    this.#people.set(id, person);
    return person;
  }

  remove(id: string): void {
    this.#people.delete(id);
  }

  async authenticate(token: string): Promise<Account> {
    const person = this.#people.get(token.split('.')[1] ?? '');
    if (person === undefined) throw new AppError('invalid_token');
    const { id, username, role } = person;
    return { id, username, role, via: 'bearer', expiresAtMs: Number.MAX_SAFE_INTEGER };
  }

  onRevoked(): () => void {
    return () => {};
  }

  async find(userId: string): Promise<UserFacts | undefined> {
    return this.#people.get(userId);
  }

  async findMany(userIds: readonly string[]): Promise<Map<string, UserFacts>> {
    const found = userIds.map((id) => this.#people.get(id)).filter((person) => person !== undefined);
    return new Map(found.map((person) => [person.id, person]));
  }

  async findByUsername(username: string): Promise<UserFacts | undefined> {
    return this.#people.get(username);
  }

  async channelByPlayId(playId: string): Promise<UserChannel | undefined> {
    const owner = [...this.#people.values()].find(({ channel }) => channel.playId === playId);
    return owner === undefined ? undefined : { owner, playId, streamSecret: owner.channel.key.slice('?key='.length) };
  }

  async isFollowing(): Promise<boolean> {
    return false;
  }

  async countUsers(): Promise<number> {
    return this.#people.size;
  }
}
