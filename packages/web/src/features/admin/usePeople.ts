import type { UserSummary } from '@kaibo/client';
import { shallowRef } from 'vue';
import { api } from '../../api.ts';

/** As many as the server looks up at once. */
const MOST_AT_ONCE = 100;
const MOST_KNOWN = 2000;

/** Kept over the pages: a name changes rarely. null is an account that is gone. */
const known = shallowRef<ReadonlyMap<string, UserSummary | null>>(new Map());

export interface People {
  /** Undefined until it is known, null when there is no such account. */
  of(id: string): UserSummary | null | undefined;
  /** Asks for those that are not known yet. */
  load(ids: Iterable<string>): Promise<void>;
}

/** Whose ids they are: lists of the server name people by id alone. */
export function usePeople(): People {
  async function load(ids: Iterable<string>): Promise<void> {
    const asked = [...new Set(ids)].filter((id) => !known.value.has(id));
    for (let at = 0; at < asked.length; at += MOST_AT_ONCE) {
      const some = asked.slice(at, at + MOST_AT_ONCE);
      const { users } = await api.admin.users({ ids: some, pageSize: MOST_AT_ONCE });
      const found = new Map<string, UserSummary | null>(some.map((id) => [id, null]));
      for (const user of users) found.set(user.id, user);
      known.value = new Map([...known.value, ...found].slice(-MOST_KNOWN));
    }
  }
  return { of: (id) => known.value.get(id), load };
}
