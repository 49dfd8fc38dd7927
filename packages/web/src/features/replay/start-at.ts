/** Where a link wants a replay to begin: `?t=95`, `?t=95s` or `?t=1h2m3s`. Null when it says nothing that is a time. */
export function startAt(t: unknown): number | null {
  if (typeof t !== 'string' || t === '') return null;
  const parts = /^(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,7})s?)?$/.exec(t);
  if (parts === null) return null;
  const [, hours = '0', minutes = '0', seconds = '0'] = parts;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}
