import type { Logger } from 'pino';
import { audit } from '../../database/audit.ts';
import type { Outbox } from '../../database/outbox.ts';
import type { StateCenter } from '../../state/contract.ts';
import { AppError, type Language } from '../gateway/contract.ts';
import { usernameKey } from './contract.ts';
import { hashOf, randomSecret } from './ids.ts';
import type { Mailer } from './mailer.ts';
import { assertGoodPassword } from './passwords.ts';
import type { AuthService } from './service.ts';
import { isBanned, type AccountStore, type UserRow } from './store.ts';
import type { Throttle } from './throttle.ts';

const LINK_MS = 3_600_000;
/** Mails to one account in an hour; more are not sent, and nobody is told. */
const MAILS_PER_HOUR = 3;
/** Mails on their way at a time. */
const MAX_SENDING = 50;

const TEXTS = {
  zh: {
    subject: '重置密码',
    text: (name: string, url: string) =>
      `${name}，你好：\n\n请在一小时内打开下面的链接设置新密码：\n${url}\n\n如果不是你本人操作，请忽略这封邮件，密码不会改变。\n`,
  },
  en: {
    subject: 'Set a new password',
    text: (name: string, url: string) =>
      `Hello ${name},\n\nopen this link within an hour to set a new password:\n${url}\n\nIf you did not ask for it, ignore this mail: nothing changes.\n`,
  },
} as const;

export interface ResetsDeps {
  store: AccountStore;
  outbox: Outbox;
  service: AuthService;
  mailer: Mailer;
  state: StateCenter;
  throttle: Throttle;
  publicUrl: string | undefined;
  logger: Logger;
  now: () => number;
}

/** New passwords for those who forgot theirs: a link by mail, or from an administrator. */
export class Resets {
  readonly #deps: ResetsDeps;
  readonly #sending = new Set<Promise<void>>();
  #hasHinted = false;

  constructor(deps: ResetsDeps) {
    this.#deps = deps;
  }

  /** Answers nothing, at once, whether or not there is such an account; the mail is sent afterwards. */
  request(login: string, language: Language): void {
    if (this.#sending.size >= MAX_SENDING) return;
    const sending = this.#mail(login, language).catch((error: unknown) =>
      this.#deps.logger.warn({ err: error }, 'a mail to reset a password was not sent'),
    );
    this.#sending.add(sending);
    void sending.then(() => this.#sending.delete(sending));
  }

  /** @throws AppError user_not_found */
  async link(
    userId: string,
    { actor, origin }: { actor: string; origin: string },
  ): Promise<{ url: string; expiresAt: number }> {
    const user = await this.#deps.store.find(userId);
    if (user === undefined) throw new AppError('user_not_found');
    return this.#make(user, { actor, origin: this.#deps.publicUrl ?? origin });
  }

  /** Uses the link up and ends every login. @throws AppError reset_invalid, weak_password, login_throttled */
  async confirm({ token, password, address }: { token: string; password: string; address: string }): Promise<void> {
    const { store, service, throttle, now } = this.#deps;
    const attempt = { what: 'reset', address } as const;
    await throttle.assertMayTry(attempt);
    const hash = hashOf(token);
    const user = await this.#userOf(hash);
    if (user === undefined) {
      await throttle.failed(attempt);
      throw new AppError('reset_invalid');
    }
    assertGoodPassword(password, user.username);
    await service.setPassword(user, {
      password,
      actor: `user:${user.id}`,
      alsoIf: async (transaction) => {
        if ((await store.takeReset(transaction, { hash, nowMs: now() })) === undefined)
          throw new AppError('reset_invalid');
      },
    });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#sending);
  }

  async #userOf(hash: string): Promise<UserRow | undefined> {
    const { store, now } = this.#deps;
    const userId = await store.resetUser({ hash, nowMs: now() });
    const user = userId === undefined ? undefined : await store.find(userId);
    return user === undefined || isBanned(user, now()) ? undefined : user;
  }

  async #mail(login: string, language: Language): Promise<void> {
    const { store, mailer, state, publicUrl, now } = this.#deps;
    if (!mailer.isConfigured || publicUrl === undefined) return this.#hint();
    const user = await store.findByLogin(usernameKey(login));
    if (user === undefined || user.email === null || isBanned(user, now())) return;
    if ((await state.count(`reset-mails:${user.id}`, 1, LINK_MS)) > MAILS_PER_HOUR) return;
    const { url } = await this.#make(user, { actor: 'anonymous', origin: publicUrl });
    const { subject, text } = TEXTS[language];
    await mailer.send({ to: user.email, subject: `Kaibo · ${subject}`, text: text(user.name, url) });
  }

  /** Without publicUrl the link would have to be built from what the request calls us, which an attacker chooses. */
  #hint(): void {
    if (this.#hasHinted) return;
    this.#hasHinted = true;
    this.#deps.logger.warn(
      'a password reset was asked for, but mail is not set up: set mail.url, mail.from and publicUrl, or hand out links by `kaibo admin reset-link`',
    );
  }

  async #make(
    user: UserRow,
    { actor, origin }: { actor: string; origin: string },
  ): Promise<{ url: string; expiresAt: number }> {
    const { store, outbox, now } = this.#deps;
    const token = randomSecret();
    const expiresAt = now() + LINK_MS;
    await outbox.transact(async ({ transaction }) => {
      const row = { hash: hashOf(token), userId: user.id, nowMs: now(), expiresAtMs: expiresAt };
      await store.insertReset(transaction, row);
      await audit(transaction, { actor, action: 'user.reset_requested', subject: `user:${user.id}`, atMs: now() });
    });
    return { url: `${origin.replace(/\/$/, '')}/reset?token=${token}`, expiresAt };
  }
}
