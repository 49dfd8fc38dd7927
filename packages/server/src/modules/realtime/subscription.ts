import type { Site } from '../../engine/contract.ts';
import type { Delivery, Position, StateCenter, Unsubscribe } from '../../state/contract.ts';
import type { RealtimeClient } from './client.ts';
import type { Asker, ChannelSource, ServerMessage } from './contract.ts';
import { textFrame } from './frame.ts';

interface Member {
  client: RealtimeClient;
  /** Events up to this offset were sent, or are part of the snapshot. */
  sentOffset: number;
  /** Deliveries that arrive before the snapshot is sent. */
  pending: Delivery[] | undefined;
}

/**
 * One channel on this node: a single subscription to the state center, handed on to every member. A frame is
 * encoded once for each site by which members came, whatever their number.
 */
export class ChannelFeed {
  readonly #name: string;
  readonly #source: ChannelSource;
  readonly #state: StateCenter;
  readonly #members = new Set<Member>();
  readonly #subscribed: Promise<Unsubscribe>;

  constructor(deps: { name: string; source: ChannelSource; state: StateCenter }) {
    this.#name = deps.name;
    this.#source = deps.source;
    this.#state = deps.state;
    this.#subscribed = deps.state.subscribe(deps.name, {
      deliver: (delivery) => this.#deliver(delivery),
      reset: () => {},
    });
  }

  get isEmpty(): boolean {
    return this.#members.size === 0;
  }

  /** Sends a snapshot, or what was missed since `since`; from then on every event. Returns how to leave. */
  join(client: RealtimeClient): { leave(): void; begin(asker: Asker, since: Position | undefined): Promise<void> } {
    const member: Member = { client, sentOffset: 0, pending: [] };
    this.#members.add(member);
    return {
      leave: () => {
        this.#members.delete(member);
      },
      begin: async (asker, since) => {
        await this.#subscribed;
        await this.#begin(member, asker, since);
        const pending = member.pending ?? [];
        member.pending = undefined;
        for (const delivery of pending) this.#handOn(member, delivery, (site) => this.#encode(delivery, site));
      },
    };
  }

  async close(): Promise<void> {
    const unsubscribe = await this.#subscribed;
    await unsubscribe();
  }

  async #begin(member: Member, asker: Asker, since: Position | undefined): Promise<void> {
    const { client } = member;
    if (!this.#source.logged) {
      client.send(this.#snapshot({ epoch: '', offset: 0 }, await this.#source.snapshot(this.#name, asker)));
      return;
    }
    const missed = since === undefined ? undefined : await this.#state.read(this.#name, since);
    if (missed?.recovered === true && since !== undefined) {
      client.send({ type: 'snapshot', channel: this.#name, ...since, recovered: true });
      for (const { offset, ...event } of missed.events) {
        client.sendFrame(this.#encode({ ...event, position: { epoch: since.epoch, offset } }, client.caller.site));
      }
      member.sentOffset = missed.position.offset;
      return;
    }
    // The position first: an event in between is in the data already and comes again, which its whole state makes harmless.
    const position = await this.#state.position(this.#name);
    client.send(this.#snapshot(position, await this.#source.snapshot(this.#name, asker)));
    member.sentOffset = position.offset;
  }

  #snapshot({ epoch, offset }: Position, data: unknown): ServerMessage {
    return { type: 'snapshot', channel: this.#name, epoch, offset, recovered: false, data };
  }

  #deliver(delivery: Delivery): void {
    const frames = new Map<string, Buffer>();
    const frameFor = (site: Site): Buffer => {
      const key = `${site.secure} ${site.host}`;
      const frame = frames.get(key) ?? this.#encode(delivery, site);
      frames.set(key, frame);
      return frame;
    };
    for (const member of this.#members) {
      if (member.pending === undefined) this.#handOn(member, delivery, frameFor);
      else member.pending.push(delivery);
    }
  }

  #handOn(member: Member, { position }: Delivery, frameFor: (site: Site) => Buffer): void {
    if (position !== undefined) {
      if (position.offset <= member.sentOffset) return;
      member.sentOffset = position.offset;
    }
    member.client.sendFrame(frameFor(member.client.caller.site));
  }

  #encode({ event, data, atMs, position }: Delivery, site: Site): Buffer {
    const shown = this.#source.render(data, site);
    return textFrame(
      JSON.stringify({
        type: 'event',
        channel: this.#name,
        offset: position?.offset,
        event,
        data: shown,
        at: atMs,
      } satisfies ServerMessage),
    );
  }
}
