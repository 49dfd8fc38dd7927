import type { Logger } from 'pino';
import type { Outbox, OutboxEvent } from '../../database/outbox.ts';
import type { EngineFinding } from '../../engine/contract.ts';
import { userChannelOf } from '../user/contract.ts';
import { FINDING_EVENT, RECOVERED_EVENT } from './events.ts';
import type { RoomStore } from './store.ts';

/** An owner is told of changes at most this often; what came and went meanwhile is not told. */
const TELL_EVERY_MS = 5000;

/** A stream of this node. */
interface Patient {
  findings: readonly EngineFinding[];
  /** What the owner knows: severity by code. */
  told: Map<string, EngineFinding['severity']>;
  /** Until the next may be told, or while it is being told. */
  rest: NodeJS.Timeout | 'telling' | undefined;
}

/** Tells owners, on their own channel, what is found wrong with their streams, and what has become well. */
export class Checkups {
  readonly #deps: { store: RoomStore; outbox: Outbox; logger: Logger };
  readonly #patients = new Map<string, Patient>();
  readonly #telling = new Set<Promise<void>>();

  constructor(deps: { store: RoomStore; outbox: Outbox; logger: Logger }) {
    this.#deps = deps;
  }

  /** All that is found of a stream now. */
  found(playId: string, findings: readonly EngineFinding[]): void {
    const patient = this.#patients.get(playId) ?? { findings, told: new Map(), rest: undefined };
    patient.findings = findings;
    this.#patients.set(playId, patient);
    if (patient.rest === undefined) this.#tell(playId, patient);
  }

  /** The publisher has gone, and what was found with it: nobody knows whether it is well now. */
  forget(playId: string): void {
    const patient = this.#patients.get(playId);
    if (patient === undefined) return;
    this.#patients.delete(playId);
    if (patient.rest !== 'telling') clearTimeout(patient.rest);
  }

  async stop(): Promise<void> {
    for (const playId of [...this.#patients.keys()]) this.forget(playId);
    await Promise.all(this.#telling);
  }

  #tell(playId: string, patient: Patient): void {
    const changes = changesOf(patient);
    patient.rest = undefined;
    if (changes.length === 0) return;
    patient.told = new Map(patient.findings.map(({ code, severity }) => [code, severity]));
    patient.rest = 'telling';
    const telling = this.#emit(playId, changes)
      .catch((error: unknown) => this.#deps.logger.error({ err: error, playId }, 'an owner was not told of findings'))
      .then(() => {
        this.#telling.delete(telling);
        if (this.#patients.get(playId) !== patient) return;
        patient.rest = setTimeout(() => this.#tell(playId, patient), TELL_EVERY_MS).unref();
      });
    this.#telling.add(telling);
  }

  /** Rooms without an account have no channel of their owner: their page asks for the room. */
  async #emit(playId: string, changes: readonly Pick<OutboxEvent, 'event' | 'data'>[]): Promise<void> {
    const room = await this.#deps.store.findByPlayId(playId);
    if (room === undefined || room.user_id === null || room.status === 'ended') return;
    const channel = userChannelOf(room.user_id);
    const events = changes.map(({ event, data }) => ({
      channel,
      event,
      data: { roomId: room.id, ...(data as object) },
    }));
    await this.#deps.outbox.transact(({ emit }) => emit(...events));
  }
}

function changesOf({ findings, told }: Patient): Pick<OutboxEvent, 'event' | 'data'>[] {
  const found = findings.filter(({ code, severity }) => told.get(code) !== severity);
  const isFound = new Set(findings.map(({ code }) => code));
  const recovered = [...told.keys()].filter((code) => !isFound.has(code));
  return [
    ...found.map((data) => ({ event: FINDING_EVENT, data })),
    ...recovered.map((code) => ({ event: RECOVERED_EVENT, data: { code } })),
  ];
}
