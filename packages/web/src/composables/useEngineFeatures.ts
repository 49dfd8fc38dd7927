import type { Addresses } from '@kaibo/client';
import { readonly, shallowRef } from 'vue';
import type { Ref } from 'vue';
import { api } from '../api.ts';

type Features = Addresses['features'];

const features = shallowRef<Features | null>(null);
let loading: Promise<void> | undefined;

/** What this server's media engine can do; null until it is known. Asked for once. */
export function useEngineFeatures(): Readonly<Ref<Features | null>> {
  loading ??= load();
  return readonly(features);
}

async function load(): Promise<void> {
  try {
    features.value = (await api.rooms.addresses()).features;
  } catch {
    // Whoever needs it next asks again; until then nothing is hidden.
    loading = undefined;
  }
}
