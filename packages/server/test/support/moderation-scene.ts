import type { Answer } from '../harness.ts';
import { startAccounts, type AccountsKaibo, type Person } from './accounts.ts';

export interface Scene {
  kaibo: AccountsKaibo;
  /** The administrator. */
  root: Person;
  /** Whose room it is, who moderates it, and two who watch. */
  ada: Person;
  mod: Person;
  bob: Person;
  eve: Person;
  room: string;
  /** The path of the room's own things. */
  path: string;
}

/** A room with its people, on a platform of its own. */
export async function setUp(): Promise<Scene> {
  const kaibo = await startAccounts();
  const root = await kaibo.person('root');
  const person = (name: string): Promise<Person> => kaibo.person(name);
  const [ada, mod, bob, eve] = await Promise.all([person('ada'), person('mod'), person('bob'), person('eve')]);
  const { id: room } = await kaibo.create({}, ada.headers);
  const path = `/api/rooms/${room}`;
  await must(kaibo.put(`${path}/moderators/${mod.id}`, {}, ada.headers));
  return { kaibo, root, ada, mod, bob, eve, room, path };
}

/** An answer that has to be a success. */
export async function must(answer: Promise<Answer>): Promise<Answer> {
  const found = await answer;
  if (found.status >= 300) throw new Error(`${found.status} ${found.text}`);
  return found;
}

export const listOf = <Item>({ text }: Answer): Item[] => JSON.parse(text) as Item[];
export const messageOf = ({ body }: Answer): { id: string; text: string; held?: true; masked?: true } =>
  body['message'] as { id: string; text: string; held?: true; masked?: true };
