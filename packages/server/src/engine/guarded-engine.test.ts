import { expect, test } from 'vitest';
import { FakeEngine } from '../../test/fake-engine.ts';
import { EngineUnavailableError } from './contract.ts';
import { GuardedEngine } from './guarded-engine.ts';

class BrokenEngine extends FakeEngine {
  isBroken = true;
  asked = 0;

  override async streams(): ReturnType<FakeEngine['streams']> {
    this.asked++;
    if (this.isBroken) throw new Error('no answer');
    return super.streams();
  }
}

test('an engine that does not answer is not asked again for a moment, and then found to be back', async () => {
  const engine = new BrokenEngine();
  const guarded = new GuardedEngine(engine);
  for (let n = 0; n < 8; n++) await expect(guarded.streams()).rejects.toBeInstanceOf(EngineUnavailableError);
  expect(engine.asked).toBe(5);
  expect(guarded.breaker).toBe('open');
  engine.isBroken = false;
  await expect.poll(() => guarded.streams().catch(() => undefined), { timeout: 5000 }).toEqual([]);
  expect(guarded.breaker).toBe('closed');
});
