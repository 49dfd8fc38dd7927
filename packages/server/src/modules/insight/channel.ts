import { AppError } from '../gateway/contract.ts';
import type { Asker, ChannelSource } from '../realtime/contract.ts';
import type { Series } from './contract.ts';
import type { InsightService } from './service.ts';

const PREFIX = 'insight:';
const roomIdOf = (channel: string): string => channel.slice(PREFIX.length);

/** `insight:ID`: how a room's broadcast goes, for its owner and administrators; whoever is one no more has to connect anew. */
export class InsightChannel implements ChannelSource {
  readonly pattern = new RegExp(`^${PREFIX}(.+)$`);
  readonly logged = false;
  readonly sharesSnapshot = true;
  readonly #service: InsightService;

  constructor(service: InsightService) {
    this.#service = service;
  }

  async authorize(channel: string, { caller, ...proof }: Asker): Promise<void> {
    const scopes = caller.account?.scopes;
    if (scopes !== undefined && !scopes.includes('rooms:read') && !scopes.includes('admin'))
      throw new AppError('key_scope');
    await this.#service.assertOwner(caller, roomIdOf(channel), proof);
  }

  snapshot(channel: string, { caller, ...proof }: Asker): Promise<Series> {
    return this.#service.series(caller, roomIdOf(channel), proof);
  }

  render(data: unknown): unknown {
    return data;
  }
}
