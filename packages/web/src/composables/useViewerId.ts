import { api } from '../api.ts';

const KEY = 'kaibo.vid';
let asked: Promise<string | null> | null = null;

/** This browser's signed viewer id, made once. Without one a person is only counted less exactly, so failure is null. */
export function useViewerId(): Promise<string | null> {
  const known = localStorage.getItem(KEY);
  if (known) return Promise.resolve(known);
  asked ??= askViewerId().finally(() => (asked = null));
  return asked;
}

async function askViewerId(): Promise<string | null> {
  try {
    const { vid } = await api.createViewer();
    localStorage.setItem(KEY, vid);
    return vid;
  } catch {
    return null;
  }
}
