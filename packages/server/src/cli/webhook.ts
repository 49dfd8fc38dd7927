import { pino } from 'pino';
import { createWebhooks } from '../app/interaction.ts';
import { OperatorError } from '../app/operator-error.ts';
import { Outbox } from '../database/outbox.ts';
import { fieldWords } from '../modules/gateway/contract.ts';
import { createWebhookSchema } from '../modules/notice/webhook/contract.ts';
import type { Command, CommandInput } from './command.ts';
import { inOffice, OPERATOR } from './office.ts';

const KEEPER = { actor: OPERATOR, isAdmin: true };

type Webhooks = ReturnType<typeof createWebhooks>;

function withWebhooks<Result>({ flags }: CommandInput, work: (webhooks: Webhooks) => Promise<Result>): Promise<Result> {
  return inOffice(flags, ({ config, database }) => {
    const outbox = new Outbox({ database, now: Date.now, logger: pino({ level: 'silent' }) });
    return work(createWebhooks({ database, outbox, now: Date.now }, config));
  });
}

const list: Command = {
  name: 'webhook list',
  summary: 'show where the events of the platform are posted',
  run: (input) =>
    withWebhooks(input, async (webhooks) => {
      for (const { id, url, events, enabled, failingSince } of await webhooks.list(KEEPER, true)) {
        const state = !enabled ? 'off' : failingSince === undefined ? 'on' : 'failing';
        console.log([id, state.padEnd(7), url, events.join(',')].join('  '));
      }
      return 0;
    }),
};

const add: Command = {
  name: 'webhook add',
  usage: 'URL --events room.live,gift.*',
  summary: 'post events of every room to a server; the secret that signs them is shown this once',
  operands: 1,
  options: { events: { type: 'string' } },
  run: async (input) => {
    const events = String(input.options['events'] ?? '').split(',');
    const parsed = createWebhookSchema.safeParse({ url: input.operands[0], events, platform: true });
    if (!parsed.success) throw new OperatorError(fieldWords(parsed.error.issues, 'en'));
    const { id, secret } = await withWebhooks(input, (webhooks) => webhooks.create(KEEPER, parsed.data));
    console.log(`${id} is told; its secret is ${secret}`);
    return 0;
  },
};

const remove: Command = {
  name: 'webhook remove',
  usage: 'ID',
  summary: 'post no more to a server, nor what still waits for it',
  operands: 1,
  run: async (input) => {
    const [id = ''] = input.operands;
    await withWebhooks(input, (webhooks) => webhooks.remove(KEEPER, id));
    console.log(`${id} is told no more`);
    return 0;
  },
};

const replay: Command = {
  name: 'webhook replay',
  usage: 'ID',
  summary: 'post again what was given up',
  operands: 1,
  run: async (input) => {
    const [id = ''] = input.operands;
    const replayed = await withWebhooks(input, (webhooks) => webhooks.replay(KEEPER, id, undefined));
    console.log(`${replayed} deliveries go out again`);
    return 0;
  },
};

export const webhookCommands: readonly Command[] = [list, add, remove, replay];
