const KEY = 'kaibo.reloadedAt';
/** Once in this time: a server that answers wrongly is no reason to load for ever. */
const AGAIN_AFTER_MS = 30_000;

/**
 * After an update the parts of an old page are gone: it is loaded anew where it was going to. False when that was tried
 * just now, or cannot help while there is no network.
 */
export function loadAgain(path: string): boolean {
  if (!navigator.onLine) return false;
  try {
    if (Date.now() - Number(sessionStorage.getItem(KEY) ?? 0) < AGAIN_AFTER_MS) return false;
    sessionStorage.setItem(KEY, String(Date.now()));
  } catch {
    // Without a memory it could go round in circles.
    return false;
  }
  window.location.assign(path);
  return true;
}

/** What browsers say when a part of the app could not be fetched: it is gone after an update, or the network is away. */
const NOT_FETCHED = /dynamically imported module|importing a module script failed|unable to preload/i;

export const isMissingPart = (error: unknown): boolean => error instanceof Error && NOT_FETCHED.test(error.message);
