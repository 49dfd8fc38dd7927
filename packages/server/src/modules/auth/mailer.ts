import { circuitBreaker, CircuitState, ConsecutiveBreaker, handleAll, isBrokenCircuitError } from 'cockatiel';
import type { Transporter } from 'nodemailer';
import { AppError } from '../gateway/contract.ts';

const TIMEOUT_MS = 10_000;
const FAILURES = 3;
const RETRY_AFTER_MS = 30_000;

export interface Mail {
  to: string;
  subject: string;
  text: string;
}

/** Sends mail by the operator's server, if there is one. */
export class Mailer {
  readonly #url: string | undefined;
  #transport: Promise<Transporter> | undefined;
  readonly #from: string;
  readonly #breaker = circuitBreaker(handleAll, {
    breaker: new ConsecutiveBreaker(FAILURES),
    halfOpenAfter: RETRY_AFTER_MS,
  });

  constructor({ url, from }: { url?: string; from?: string }) {
    this.#from = from ?? 'Kaibo <kaibo@localhost>';
    this.#url = url;
  }

  get isConfigured(): boolean {
    return this.#url !== undefined;
  }

  get state(): 'closed' | 'open' | 'half-open' {
    if (this.#breaker.state === CircuitState.Closed) return 'closed';
    return this.#breaker.state === CircuitState.HalfOpen ? 'half-open' : 'open';
  }

  /** @throws AppError mail_unavailable */
  async send(mail: Mail): Promise<void> {
    const url = this.#url;
    if (url === undefined) throw new AppError('mail_unavailable');
    try {
      await this.#breaker.execute(async () => {
        const transport = await (this.#transport ??= openTransport(url));
        await transport.sendMail({ ...mail, from: this.#from });
      });
    } catch (error) {
      throw isBrokenCircuitError(error) ? new AppError('mail_unavailable') : error;
    }
  }

  async close(): Promise<void> {
    (await this.#transport)?.close();
  }
}

/** Loaded with the first mail: most processes never send one. */
async function openTransport(url: string): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  return createTransport({
    url,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}
