import { lookup } from 'node:dns/promises';
import http, { type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import { BlockList, isIP, isIPv6 } from 'node:net';

/** Of an answer only the status counts; more than this of it is not even read. */
const MAX_ANSWER_BYTES = 64 * 1024;
/** Requests under way at one time; the others wait. Far more than what one user's webhooks may have. */
const MAX_AT_ONCE = 256;

export type OutboundCode =
  | 'bad_url'
  | 'address_refused'
  | 'host_not_found'
  | 'timeout'
  | 'connection_failed'
  | 'too_large'
  | 'stopping';

/** Why a request to somebody else's server got no answer. Says nothing of what is inside the network. */
export class OutboundError extends Error {
  readonly code: OutboundCode;

  constructor(code: OutboundCode, options?: ErrorOptions) {
    super(code, options);
    this.name = 'OutboundError';
    this.code = code;
  }
}

export interface Address {
  address: string;
  family: number;
}

/** What a server had to give. */
export interface Fetched {
  status: number;
  /** Where it says that it is instead. */
  location: string | undefined;
  body: Buffer;
}

interface Exchange {
  method: 'GET' | 'POST';
  headers: Record<string, string>;
  body?: string | Buffer;
  /** Reads what comes; the connection ends when it destroys it. */
  read(answer: IncomingMessage): void;
}

export interface OutboundDeps {
  /** Whether anybody on the Internet could reach the address. */
  isPublic(address: string): boolean;
  /** Networks that the operator allows besides: `10.1.0.0/16`, or one address. */
  allowPrivate: readonly string[];
  timeoutMs: number;
  /** Every address of a host; left out, as the system resolves. */
  resolve?(host: string): Promise<readonly Address[]>;
  /** PEM of authorities besides the usual ones. */
  ca?: string;
}

/**
 * Requests to addresses that users name. A host is resolved once, only addresses that are allowed are connected to, and
 * these as they are, so that a name cannot lead elsewhere between the check and the connection. Redirects are not
 * followed: a 3xx is an answer like any other.
 */
export class Outbound {
  readonly #deps: OutboundDeps;
  readonly #resolve: (host: string) => Promise<readonly Address[]>;
  readonly #allowed = new BlockList();
  readonly #waiting: (() => void)[] = [];
  readonly #stopping = new AbortController();
  #running = 0;

  constructor(deps: OutboundDeps) {
    this.#deps = deps;
    this.#resolve = deps.resolve ?? ((host) => lookup(host, { all: true }));
    for (const net of deps.allowPrivate) addNet(this.#allowed, net);
  }

  /** What is under way is broken off, and nothing else begins: `stopping`. Idempotent. */
  stop(): void {
    this.#stopping.abort();
  }

  /** @throws OutboundError bad_url, address_refused, host_not_found, timeout, stopping */
  async check(text: string): Promise<void> {
    await this.#addressesOf(urlOf(text), this.#signal());
  }

  /** Answers the HTTP status. @throws OutboundError */
  async post(
    text: string,
    { headers, body }: { headers: Record<string, string>; body: string | Buffer },
  ): Promise<number> {
    const length = String(Buffer.byteLength(body));
    let status: number | undefined;
    const problem = await this.#exchange(text, {
      ...{ method: 'POST', headers: { ...headers, 'content-length': length }, body },
      read: (answer) => {
        status = answer.statusCode;
        drain(answer);
      },
    });
    // A server that broke off after its status, or took too long with the rest, has said what counts.
    if (status === undefined) throw problem ?? new OutboundError('connection_failed');
    return status;
  }

  /** Answers with what came. @throws OutboundError too_large, when it is more than `maxBytes` */
  async get(
    text: string,
    { headers, maxBytes }: { headers: Record<string, string>; maxBytes: number },
  ): Promise<Fetched> {
    return this.#fetch(text, { method: 'GET', headers }, maxBytes);
  }

  /** As `post`, of somebody who says in the body what came of it. @throws OutboundError */
  async ask(
    text: string,
    { headers, body, maxBytes }: { headers: Record<string, string>; body: string; maxBytes: number },
  ): Promise<Fetched> {
    const length = String(Buffer.byteLength(body));
    return this.#fetch(text, { method: 'POST', headers: { ...headers, 'content-length': length }, body }, maxBytes);
  }

  async #fetch(text: string, question: Omit<Exchange, 'read'>, maxBytes: number): Promise<Fetched> {
    let fetched: Fetched | undefined;
    let isTooLarge = false;
    const chunks: Buffer[] = [];
    const problem = await this.#exchange(text, {
      ...question,
      read: (answer) => {
        let read = 0;
        answer.on('data', (chunk: Buffer) => {
          read += chunk.length;
          chunks.push(chunk);
          if (read <= maxBytes) return;
          isTooLarge = true;
          answer.destroy();
        });
        answer.on('error', () => {});
        answer.on('end', () => {
          const { statusCode: status = 0, headers: told } = answer;
          fetched = { status, location: told.location, body: Buffer.concat(chunks) };
        });
      },
    });
    if (isTooLarge) throw new OutboundError('too_large');
    if (fetched === undefined) throw problem ?? new OutboundError('connection_failed');
    return fetched;
  }

  /** Resolves when the connection is closed, with what went wrong, if anything. @throws OutboundError before it began */
  async #exchange(text: string, exchange: Exchange): Promise<OutboundError | undefined> {
    const url = urlOf(text);
    await this.#enter();
    try {
      const signal = this.#signal();
      const addresses = await this.#addressesOf(url, signal);
      return await this.#send(url, { ...exchange, addresses, signal });
    } finally {
      this.#leave();
    }
  }

  #signal(): AbortSignal {
    return AbortSignal.any([AbortSignal.timeout(this.#deps.timeoutMs), this.#stopping.signal]);
  }

  /** Why what `signal` ended was ended. */
  #endedBy(signal: AbortSignal): OutboundCode | undefined {
    if (this.#stopping.signal.aborted) return 'stopping';
    return signal.aborted ? 'timeout' : undefined;
  }

  async #addressesOf(url: URL, signal: AbortSignal): Promise<Address[]> {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const family = isIP(host);
    const found = family === 0 ? await this.#look(host, signal) : [{ address: host, family }];
    const allowed = found.filter(({ address }) => this.#mayReach(address));
    if (allowed.length === 0) throw new OutboundError('address_refused');
    return allowed;
  }

  async #look(host: string, signal: AbortSignal): Promise<readonly Address[]> {
    const late = Promise.withResolvers<never>();
    const onAbort = (): void => late.reject(new OutboundError(this.#endedBy(signal) ?? 'timeout'));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([this.#resolve(host), late.promise]);
    } catch (error) {
      throw error instanceof OutboundError ? error : new OutboundError('host_not_found', { cause: error });
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #mayReach(address: string): boolean {
    return this.#deps.isPublic(address) || this.#allowed.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }

  async #send(
    url: URL,
    { addresses, method, headers, body, signal, read }: Exchange & { addresses: Address[]; signal: AbortSignal },
  ): Promise<OutboundError | undefined> {
    const options: RequestOptions & { ca?: string } = {
      ...{ method, headers, signal },
      // A connection of its own each: one that is kept could belong to an address that was checked for another name.
      agent: false,
      ca: this.#deps.ca,
      // Asked for host names only; whatever it is asked, it answers what was checked.
      lookup: (_host, { all }, answer) => {
        const [first] = addresses;
        if (all === true) answer(null, addresses);
        else answer(null, first?.address ?? '', first?.family);
      },
    };
    const { promise, resolve } = Promise.withResolvers<OutboundError | undefined>();
    const request: ClientRequest = (url.protocol === 'https:' ? https : http).request(url, options);
    let problem: Error | undefined;
    request.on('response', read);
    request.on('error', (error) => (problem = error));
    request.on('close', () => {
      const code = this.#endedBy(signal) ?? (problem === undefined ? undefined : 'connection_failed');
      resolve(code && new OutboundError(code, { cause: problem }));
    });
    request.end(body);
    return promise;
  }

  async #enter(): Promise<void> {
    if (this.#running >= MAX_AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running++;
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
  }
}

/**
 * What follows the status is read up to a bound and until the time is over, so that a polite server is let finish. It is
 * never unpacked.
 */
function drain(answer: IncomingMessage): void {
  let read = 0;
  answer.on('data', (chunk: Buffer) => {
    read += chunk.length;
    if (read > MAX_ANSWER_BYTES) answer.destroy();
  });
  answer.on('error', () => {});
}

function urlOf(text: string): URL {
  // The URL standard has made `2130706433`, `0x7f.1` and `0177.0.0.1` the address that they are.
  const url = URL.parse(text);
  const isPlain = url !== null && (url.protocol === 'https:' || url.protocol === 'http:');
  if (!isPlain || url.port === '0' || url.username !== '' || url.password !== '' || url.hostname === '')
    throw new OutboundError('bad_url');
  return url;
}

function addNet(list: BlockList, net: string): void {
  const [address = '', bits] = net.split('/');
  const type = isIPv6(address) ? 'ipv6' : 'ipv4';
  if (bits === undefined) list.addAddress(address, type);
  else list.addSubnet(address, Number(bits), type);
}
