import { OperatorError } from '../app/operator-error.ts';
import { createUserSchema, roleSchema } from '../modules/auth/contract.ts';
import { fieldWords } from '../modules/gateway/contract.ts';
import type { Command, CommandInput } from './command.ts';
import { inOffice, OPERATOR } from './office.ts';
import { generatePassword, passwordFromStdin } from './password.ts';

const DAY_MS = 86_400_000;
/** Of `admin create` too. */
export const CREATE_OPTIONS = {
  username: { type: 'string' },
  email: { type: 'string' },
  'password-stdin': { type: 'boolean' },
} as const;

/** Makes an account; without --password-stdin the password is made too, and shown this once. */
export async function createUser({ flags, options }: CommandInput, role: unknown): Promise<number> {
  const isGiven = options['password-stdin'] === true;
  const password = isGiven ? await passwordFromStdin() : generatePassword();
  const { username, email } = options;
  const input = createUserSchema.safeParse({ username, email, password, role });
  if (!input.success) throw new OperatorError(fieldWords(input.error.issues, 'en'));
  const made = await inOffice(flags, ({ auth }) => auth.accounts.create(input.data, OPERATOR));
  console.log(`${made.role} ${made.username} made${isGiven ? '' : `; password: ${password}`}`);
  return 0;
}

const list: Command = {
  name: 'user list',
  summary: 'show every account',
  run: ({ flags }) =>
    inOffice(flags, async ({ database }) => {
      const rows = await database
        .selectFrom('users')
        .select(['id', 'username', 'role', 'banned_at', 'banned_until', 'created_at'])
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      for (const { id, username, role, banned_at: bannedAt, banned_until: until, created_at: createdAt } of rows) {
        const isBanned = bannedAt !== null && (until === null || until > Date.now());
        const made = new Date(createdAt).toISOString().slice(0, 10);
        console.log([id, role.padEnd(5), made, isBanned ? 'banned' : '      ', username].join('  '));
      }
      return 0;
    }),
};

const create: Command = {
  name: 'user create',
  usage: '--username NAME [--role admin] [--email ADDRESS] [--password-stdin]',
  summary: 'make an account; its password is read from standard input, or made and shown once',
  options: { ...CREATE_OPTIONS, role: { type: 'string' } },
  run: (input) => createUser(input, input.options['role']),
};

const ban: Command = {
  name: 'user ban',
  usage: 'USERNAME [--days N] [--reason TEXT]',
  summary: 'end the logins, rooms and streams of an account, and let it in no more',
  operands: 1,
  options: { days: { type: 'string' }, reason: { type: 'string' } },
  run: ({ flags, operands: [username = ''], options: { days, reason } }) =>
    inOffice(flags, async ({ user, auth }) => {
      if (days !== undefined && !(Number(days) > 0)) throw new OperatorError('--days: expected a number above 0');
      const until = days === undefined ? undefined : Date.now() + Number(days) * DAY_MS;
      const details = { until, reason: typeof reason === 'string' ? reason : undefined };
      await auth.accounts.ban((await user(username)).id, details, OPERATOR);
      console.log(`${username} is banned${until === undefined ? '' : ` until ${new Date(until).toISOString()}`}`);
      return 0;
    }),
};

const unban: Command = {
  name: 'user unban',
  usage: 'USERNAME',
  summary: 'let a banned account in again',
  operands: 1,
  run: ({ flags, operands: [username = ''] }) =>
    inOffice(flags, async ({ user, auth }) => {
      await auth.accounts.unban((await user(username)).id, OPERATOR);
      console.log(`${username} is no longer banned`);
      return 0;
    }),
};

const role: Command = {
  name: 'user role',
  usage: 'USERNAME user|admin',
  summary: 'make an account an administrator, or no longer one',
  operands: 2,
  run: ({ flags, operands: [username = '', wanted] }) =>
    inOffice(flags, async ({ user, auth }) => {
      const parsed = roleSchema.safeParse({ role: wanted });
      if (!parsed.success) throw new OperatorError(`a role is user or admin, not ${wanted}`);
      await auth.accounts.setRole((await user(username)).id, parsed.data.role, OPERATOR);
      console.log(`${username} is ${parsed.data.role} now`);
      return 0;
    }),
};

const remove: Command = {
  name: 'user delete',
  usage: 'USERNAME --yes',
  summary: 'end the rooms of an account and delete it for good',
  operands: 1,
  options: { yes: { type: 'boolean' } },
  run: ({ flags, operands: [username = ''], options }) =>
    inOffice(flags, async ({ user, auth }) => {
      const { id } = await user(username);
      if (options['yes'] !== true)
        throw new OperatorError(`this cannot be undone: kaibo user delete ${username} --yes`);
      await auth.accounts.delete(id, OPERATOR);
      console.log(`${username} is deleted`);
      return 0;
    }),
};

export const userCommands: readonly Command[] = [list, create, ban, unban, role, remove];
