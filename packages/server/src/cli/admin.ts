import type { Command } from './command.ts';
import { inOffice, OPERATOR } from './office.ts';
import { CREATE_OPTIONS, createUser } from './user.ts';

const create: Command = {
  name: 'admin create',
  usage: '--username NAME [--email ADDRESS] [--password-stdin]',
  summary: 'make an administrator, as user create does',
  options: CREATE_OPTIONS,
  run: (input) => createUser(input, 'admin'),
};

const resetLink: Command = {
  name: 'admin reset-link',
  usage: 'USERNAME',
  summary: 'print a link by which the account sets a new password within an hour',
  operands: 1,
  run: ({ flags, operands: [username = ''] }) =>
    inOffice(flags, async ({ config, user, auth }) => {
      const origin = `http://localhost:${config.http.port}`;
      const { url, expiresAt } = await auth.resets.link((await user(username)).id, { actor: OPERATOR, origin });
      console.log(url);
      console.error(`good until ${new Date(expiresAt).toISOString()}; whoever has it can take the account over`);
      return 0;
    }),
};

export const adminCommands: readonly Command[] = [create, resetLink];
