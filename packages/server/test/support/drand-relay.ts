import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';

/** What quicknet signed, by round: https://api.drand.sh/52db…/public/ROUND. The League of Entropy's own numbers, in public since. */
const SIGNATURES: Readonly<Record<number, string>> = {
  1000: 'b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39',
  1001: 'b33bf3667cbd5a82de3a24b4e0e9fe5513cc1a0e840368c6e31f5fcfa79bea03f73896b25883abf2853d10337fb8fa41',
  1002: 'ab066f9c12dd6de1336fca0f925192fb0c72a771c3e4c82ede1fd362c1a770f9eb05843c6308ce2530b53a99c0281a6e',
  1003: 'b104c82771698f45fd8dcfead083d482694c31ab519bcef077f126f3736fe98c8392fd5d45d88aeb76b56ccfcb0296d7',
  1004: 'a40658b820c0f8c10207524179a2031ba9537688a0d04e4851b58026be9a341fee3b96fb48ffad28483d84b40a5864aa',
  1005: 'b896a4e9ebdb143601d1cdb39aa9357ef27b48d7d3c1c614e14110243850a9ea21fd96e016a5b64c2a2960d1c73abad8',
  1006: '820251ae1f3f819ec339ea2c80c8f44c5fc9b5ce42c75685e33af39ff9a8809359cd1b7539158f73fcece916cca85ded',
  1007: '994c9dae8790b815d64d0bd263f5d043f777a5d4cc2ca56343dc22844a582434c5111a1f3bfd2cbfb4b074177eba8258',
  1008: 'ae1fed99b1562bfd7cabcc6f33c5e4ee9145647228a3321495cee8ce2ae23c1b0c1371c8e880da0d6d9123ff0aa9f8f8',
  1009: '88d9f128dbb0646d8ea1574d27e3405d26bfc1507821e762a33746df8796f2afc4bf0997baf39512cfca5cf5e2d3e04d',
};

/** The first and the last that the relay knows. */
export const [FIRST_ROUND, LAST_ROUND] = [1000, 1009];

/** How one request is answered. */
export type Manner =
  | 'well'
  | 'not yet'
  | 'failing'
  | 'hanging'
  | 'huge'
  | 'no JSON'
  | 'other round'
  | 'not its hash'
  | 'unsigned'
  | 'away';

const randomnessOf = (signature: string): string =>
  createHash('sha256').update(Buffer.from(signature, 'hex')).digest('hex');

function roundOf(round: number, signed = round): { round: number; randomness: string; signature: string } {
  const signature = SIGNATURES[signed] ?? '';
  return { round, randomness: randomnessOf(signature), signature };
}

/** A relay of drand on this machine, with rounds of long ago. */
export class DrandRelay {
  readonly #server: Server;
  readonly #manners: Manner[] = [];
  /** Rounds that were asked for, in order. */
  readonly asked: number[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', (request, response) => {
      const round = Number(request.url?.split('/').at(-1));
      this.asked.push(round);
      answer(response, round, this.#manners.shift() ?? 'well');
    });
  }

  static async start(): Promise<DrandRelay> {
    const server = createServer();
    const relay = new DrandRelay(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    return relay;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How the next requests are answered, one each; all others well. */
  next(...manners: Manner[]): void {
    this.#manners.push(...manners);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function answer(response: ServerResponse, round: number, manner: Manner): void {
  const json = (body: unknown): void => void response.end(JSON.stringify(body));
  switch (manner) {
    case 'well':
      return json(roundOf(round));
    case 'other round':
      return json(roundOf(round - 1));
    case 'not its hash':
      return json({ ...roundOf(round), randomness: '0'.repeat(64) });
    case 'unsigned':
      return json(roundOf(round, round - 1));
    case 'no JSON':
      return void response.end('<html>');
    case 'huge':
      return void response.end(' '.repeat(2 ** 20));
    case 'not yet':
      return void response.writeHead(425).end('too early');
    case 'failing':
      return void response.writeHead(500).end('no');
    case 'away':
      return void response.destroy();
    case 'hanging':
    // Until whoever asked gives up.
  }
}
