import { circuitBreaker, CircuitState, ConsecutiveBreaker, handleAll, isBrokenCircuitError } from 'cockatiel';
import { createTransport, type Transporter } from 'nodemailer';
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
  readonly #transport: Transporter | undefined;
  readonly #from: string;
  readonly #breaker = circuitBreaker(handleAll, {
    breaker: new ConsecutiveBreaker(FAILURES),
    halfOpenAfter: RETRY_AFTER_MS,
  });

  constructor({ url, from }: { url?: string; from?: string }) {
    this.#from = from ?? 'Kaibo <kaibo@localhost>';
    this.#transport =
      url === undefined
        ? undefined
        : createTransport({
            url,
            connectionTimeout: TIMEOUT_MS,
            greetingTimeout: TIMEOUT_MS,
            socketTimeout: TIMEOUT_MS,
            disableFileAccess: true,
            disableUrlAccess: true,
          });
  }

  get isConfigured(): boolean {
    return this.#transport !== undefined;
  }

  get state(): 'closed' | 'open' | 'half-open' {
    if (this.#breaker.state === CircuitState.Closed) return 'closed';
    return this.#breaker.state === CircuitState.HalfOpen ? 'half-open' : 'open';
  }

  /** @throws AppError mail_unavailable */
  async send(mail: Mail): Promise<void> {
    const transport = this.#transport;
    if (transport === undefined) throw new AppError('mail_unavailable');
    try {
      await this.#breaker.execute(async () => transport.sendMail({ ...mail, from: this.#from }));
    } catch (error) {
      throw isBrokenCircuitError(error) ? new AppError('mail_unavailable') : error;
    }
  }

  close(): void {
    this.#transport?.close();
  }
}
