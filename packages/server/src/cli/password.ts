import { randomInt } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { OperatorError } from '../app/operator-error.ts';

/** Without those that look alike. */
const LETTERS = 'abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const LENGTH = 20;

/** The first line of standard input. @throws OperatorError when there is none */
export async function passwordFromStdin(): Promise<string> {
  const [line = ''] = (await text(process.stdin)).split(/\r?\n/);
  if (line === '') throw new OperatorError('--password-stdin: standard input is empty');
  return line;
}

export function generatePassword(): string {
  return Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}
