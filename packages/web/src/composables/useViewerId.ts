import { api } from '../api.ts';

const KEY = 'kaibo.vid';

/** This browser's signed viewer id, made once. Without one a person is only counted less exactly, so failure is null. */
export async function useViewerId(): Promise<string | null> {
  const known = localStorage.getItem(KEY);
  if (known) return known;
  try {
    const { vid } = await api.createViewer();
    localStorage.setItem(KEY, vid);
    return vid;
  } catch {
    return null;
  }
}
