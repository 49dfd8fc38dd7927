import { readFile } from 'node:fs/promises';
import { fieldWords } from '../modules/gateway/contract.ts';
import { actionSchema, newWordSchema } from '../modules/moderation/contract.ts';
import { createWordService, everywhere } from '../modules/moderation/index.ts';
import { OperatorError } from '../app/operator-error.ts';
import { Outbox } from '../database/outbox.ts';
import type { Command, CommandInput } from './command.ts';
import { inOffice, OPERATOR } from './office.ts';
import { pino } from 'pino';

const LIST = everywhere({ name: OPERATOR });
const PAGE = 500;

type Words = ReturnType<typeof createWordService>;

function withWords<Result>({ flags }: CommandInput, work: (words: Words) => Promise<Result>): Promise<Result> {
  return inOffice(flags, ({ database }) => {
    const outbox = new Outbox({ database, now: Date.now, logger: pino({ level: 'silent' }) });
    return work(createWordService({ database, outbox, now: Date.now }));
  });
}

const list: Command = {
  name: 'word list',
  summary: 'show the words that may not be said anywhere',
  run: (input) =>
    withWords(input, async (words) => {
      for (let page = 1; ; page++) {
        const found = await words.list(LIST.channelId, { page, pageSize: PAGE });
        for (const { word, action, note } of found.words)
          console.log([action.padEnd(5), word, ...(note === undefined ? [] : [note])].join('  '));
        if (page * PAGE >= found.total) return 0;
      }
    }),
};

const add: Command = {
  name: 'word add',
  usage: 'WORD [--action block|mask|hold] [--note TEXT]',
  summary: 'add a word that may not be said anywhere; mask, that is each character *, where no action is named',
  operands: 1,
  options: { action: { type: 'string' }, note: { type: 'string' } },
  run: async (input) => {
    const { action, note } = input.options;
    const parsed = newWordSchema.safeParse({ word: input.operands[0], action, note });
    if (!parsed.success) throw new OperatorError(fieldWords(parsed.error.issues, 'en'));
    const { word, action: done } = await withWords(input, (words) => words.add(LIST, parsed.data));
    console.log(`${word} is on the list: ${done}`);
    return 0;
  },
};

const remove: Command = {
  name: 'word remove',
  usage: 'WORD',
  summary: 'take a word off the list',
  operands: 1,
  run: async (input) => {
    const { word } = await withWords(input, (words) => words.remove(LIST, { word: input.operands[0] ?? '' }));
    console.log(`${word} is no longer on the list`);
    return 0;
  },
};

const importFile: Command = {
  name: 'word import',
  usage: 'FILE [--action block|mask|hold]',
  summary: 'add the words of a file, one a line; behind a tab an action, behind another one a note',
  operands: 1,
  options: { action: { type: 'string' } },
  run: async (input) => {
    const [file = ''] = input.operands;
    const action = actionSchema.safeParse(input.options['action'] ?? 'mask');
    if (!action.success) throw new OperatorError(`an action is block, mask or hold, not ${input.options['action']}`);
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      throw new OperatorError(`${file} cannot be read`, { cause: error });
    });
    const { words, total } = await withWords(input, (lists) => lists.import(LIST, { text, action: action.data }));
    console.log(`${words} words read; the list has ${total}`);
    return 0;
  },
};

export const wordCommands: readonly Command[] = [list, add, remove, importFile];
