import { useStorage } from '@vueuse/core';
import { defineStore } from 'pinia';
import { computed } from 'vue';

/** Whom a viewer does not want to hear; `person` is who they are counted as, `user:ID` or `viewer:ID`. */
export interface BlockedPerson {
  person: string;
  name: string;
}

/** More than anybody keeps apart; then the one blocked longest ago is heard again. */
const MAX_BLOCKED = 200;

/** Those whose messages this browser does not show, in chats and over pictures. */
export const useBlockedPeople = defineStore('blocked-people', () => {
  const people = useStorage<BlockedPerson[]>('kaibo.blocked', [], undefined, {
    // Whatever stands there may be of another version, or of somebody who tried things out.
    mergeDefaults: (kept) => (Array.isArray(kept) ? kept.filter(isPerson).slice(-MAX_BLOCKED) : []),
  });
  const set = computed(() => new Set(people.value.map(({ person }) => person)));

  function block({ person, name }: BlockedPerson): void {
    people.value = [...people.value.filter((one) => one.person !== person), { person, name }].slice(-MAX_BLOCKED);
  }

  function unblock(person: string): void {
    people.value = people.value.filter((one) => one.person !== person);
  }

  return { people, set, block, unblock };
});

function isPerson(value: unknown): value is BlockedPerson {
  const { person, name } = (value ?? {}) as Partial<Record<keyof BlockedPerson, unknown>>;
  return typeof person === 'string' && typeof name === 'string';
}
