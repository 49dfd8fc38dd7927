import { expect, test } from 'vitest';
import { onEveryDatabase } from '../../../../test/support/databases.ts';
import { SettingsStore } from './settings.ts';

onEveryDatabase('settings of chat', (open) => {
  test('are the defaults before anybody changed them, then what was changed, elsewhere within a second', async () => {
    const database = await open();
    let nowMs = 1_800_000_000_000;
    const make = (allowsGuests: boolean) => new SettingsStore({ database, now: () => nowMs, allowsGuests });
    const [here, elsewhere] = [make(true), make(false)];
    const defaults = { slowModeSeconds: 0, followersOnlyMinutes: null, links: 'trusted', danmaku: true };
    expect(await here.of('ada')).toEqual({ ...defaults, guests: true });
    expect(await elsewhere.of('ada')).toEqual({ ...defaults, guests: false });
    const change = (changes: Parameters<SettingsStore['change']>[2]) =>
      database.transaction().execute((transaction) => here.change(transaction, 'ada', changes));
    await change({ slowModeSeconds: 10, followersOnlyMinutes: 5 });
    const after = await change({ followersOnlyMinutes: null, danmaku: false });
    here.forget('ada');
    expect(after).toEqual({ ...defaults, slowModeSeconds: 10, danmaku: false, guests: true });
    expect(await here.of('ada')).toEqual(after);
    nowMs += 1000;
    // What the channel allows, the platform does not.
    expect(await elsewhere.of('ada')).toEqual({ ...after, guests: false });
    expect((await here.of('ben')).slowModeSeconds).toBe(0);
  });
});
