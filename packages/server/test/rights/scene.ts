import type { Person, RightsWorld } from './world.ts';

/** Everybody there is. `banned` is banned from the room, `user` is any other account. */
export const ACTORS = ['anonymous', 'user', 'banned', 'moderator', 'owner', 'admin'] as const;
export type Actor = (typeof ACTORS)[number];

/** A public room with its people, and one actor who does one thing in it. */
export interface Scene {
  world: RightsWorld;
  roomId: string;
  owner: Person;
  /** The account behind the actor; anonymous has none. */
  person: Person | undefined;
  /** An account that things are done to. */
  victim: Person;
  /** A path parameter of the row's route by its name. */
  parameter(name: string): string;
}

/** What a case needs besides the room. */
export interface SceneNeeds {
  /** The actor is made for this case alone, because it may not outlive it. */
  fresh?: boolean;
  /** What a suspended account is answered where it is not the refusal of everything else. */
  suspended?: number;
  /** The room's stream is published to. */
  live?: boolean;
  /** There is a picture of its stream. */
  pictured?: boolean;
  /** Path parameters that are not of the room or the victim. */
  parameters?: (scene: Scene) => Promise<Record<string, string>>;
}

export async function makeScene(
  world: RightsWorld,
  actor: Actor | 'suspended',
  { fresh = false, live = false, pictured = false, suspended, parameters }: SceneNeeds,
): Promise<Scene> {
  // Who has nothing of their own and is refused whatever they ask is the same account each time.
  const isRefused = actor === 'suspended' && suspended === undefined && parameters === undefined;
  const owner = await (fresh && actor === 'owner' ? world.freshPerson() : world.person('owner'));
  const person = await (isRefused ? world.suspendedPerson() : personOf(world, { actor, owner, fresh }));
  const { body: room } = await world.must('/api/rooms', { method: 'POST', body: { title: '权限' } }, owner.token);
  const roomId = String(room['id']);
  if (actor === 'moderator' && person !== undefined)
    await world.must(`/api/rooms/${roomId}/moderators/${person.id}`, { method: 'PUT' }, owner.token);
  if (actor === 'banned' && person !== undefined)
    await world.must(`/api/rooms/${roomId}/bans`, { method: 'POST', body: { userId: person.id } }, owner.token);
  if (live) await world.publish(String(room['streamKey']));
  if (pictured) await world.picture(roomId, String(room['playId']));
  const scene: Scene = {
    world,
    roomId,
    owner,
    person,
    victim: await world.person('victim'),
    parameter: () => '',
  };
  const known: Record<string, string> = {
    roomId,
    userId: scene.victim.id,
    person: `user:${scene.victim.id}`,
    ...(await parameters?.(scene)),
  };
  scene.parameter = (name) => known[name] ?? `no-such-${name}`;
  if (actor === 'suspended' && person !== undefined && !isRefused) await world.suspend(person);
  return scene;
}

async function personOf(
  world: RightsWorld,
  { actor, owner, fresh }: { actor: Actor | 'suspended'; owner: Person; fresh: boolean },
): Promise<Person | undefined> {
  switch (actor) {
    case 'anonymous':
      return undefined;
    case 'owner':
      return owner;
    case 'suspended':
      return world.freshPerson();
    case 'admin':
      return fresh ? world.freshPerson('admin') : world.person('admin');
    case 'user':
    case 'banned':
    case 'moderator':
      return fresh ? world.freshPerson() : world.person(actor);
  }
}

export function headersOf({ person }: Scene): Record<string, string> {
  return person === undefined ? {} : { authorization: `Bearer ${person.token}` };
}
