import { Gauge, type Registry } from 'prom-client';

export type BreakerState = 'closed' | 'open' | 'half-open';

/** The circuit breaker of each dependency, by the dependency's name. */
export type Breakers = Readonly<Record<string, () => BreakerState>>;

const STATES: readonly BreakerState[] = ['closed', 'half-open', 'open'];

export function breakerStates(breakers: Breakers): Record<string, BreakerState> {
  return Object.fromEntries(Object.entries(breakers).map(([name, state]) => [name, state()]));
}

/** `kaibo_breaker_state{dependency, state}`: 1 for the state that each breaker is in, 0 for the others. */
export function measureBreakers(registry: Registry, breakers: Breakers): void {
  new Gauge({
    name: 'kaibo_breaker_state',
    help: '1 for the state that the circuit breaker of a dependency is in',
    labelNames: ['dependency', 'state'],
    registers: [registry],
    collect() {
      for (const [dependency, now] of Object.entries(breakerStates(breakers)))
        for (const state of STATES) this.set({ dependency, state }, state === now ? 1 : 0);
    },
  });
}
