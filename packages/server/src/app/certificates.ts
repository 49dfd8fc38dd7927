import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Server as TlsServer } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { Logger } from 'pino';
import { OperatorError } from './operator-error.ts';

const DAY_MS = 86_400_000;
/** A renewal that is due or has failed. */
const WARN_DAYS = 14;
const LOOK_EVERY_MS = 5000;
/** RFC 8996: 1.0 and 1.1 are not to be used. */
const OLDEST_TLS = 'TLSv1.2';

interface Files {
  key: string;
  cert: string;
}

/** A private key and its certificate chain, as PEM texts. */
export interface Certificate {
  key: string;
  cert: string;
  daysLeft: number;
  /** ms since the epoch. */
  endsAtMs: number;
}

/** @throws OperatorError when the files cannot be read, do not belong together, or the certificate is over. */
export function readCertificate({ key, cert }: Files, now: number): Certificate {
  try {
    const texts = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    const first = new X509Certificate(texts.cert);
    if (!first.checkPrivateKey(createPrivateKey(texts.key)))
      throw new Error('the key is not the one of the certificate');
    const endsAtMs = Date.parse(first.validTo);
    const daysLeft = (endsAtMs - now) / DAY_MS;
    if (daysLeft <= 0) throw new Error(`the certificate ended on ${first.validTo}`);
    createSecureContext(secureContextOf(texts));
    return { ...texts, daysLeft, endsAtMs };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperatorError(`tls.key and tls.cert cannot be used: ${reason}`, { cause: error });
  }
}

/** What an HTTPS server is made with, and given at a renewal. */
export function secureContextOf({ key, cert }: Files): Files & { minVersion: typeof OLDEST_TLS } {
  return { key, cert, minVersion: OLDEST_TLS };
}

export interface CertificateWatchDeps {
  files: Files;
  /** Of this process: page and metrics. */
  servers: readonly TlsServer[];
  /** Whoever else has the certificate. */
  reloadOthers(): Promise<void>;
  logger: Logger;
  now: () => number;
  lookEveryMs?: number;
}

/**
 * Takes a renewed certificate over without a restart: new connections get it, those that are open go on. A new pair
 * that cannot be used changes nothing. The files are looked at by time, size and number, which sees a swapped link and
 * new rights too.
 */
export class CertificateWatch {
  readonly #deps: CertificateWatchDeps;
  readonly #timer: NodeJS.Timeout;
  readonly #onHangup = (): void => void this.reload();
  #reloading: Promise<void> = Promise.resolve();
  #seen: string;
  #endsAtMs = Infinity;

  constructor(deps: CertificateWatchDeps) {
    this.#deps = deps;
    this.#seen = stampOf(deps.files);
    this.#tell(readCertificate(deps.files, deps.now()));
    this.#timer = setInterval(() => this.#look(), deps.lookEveryMs ?? LOOK_EVERY_MS).unref();
    process.on('SIGHUP', this.#onHangup);
  }

  /** Of the certificate in use, ms since the epoch. */
  get endsAtMs(): number {
    return this.#endsAtMs;
  }

  close(): void {
    clearInterval(this.#timer);
    process.off('SIGHUP', this.#onHangup);
  }

  /** One after the other, so that the older of two reads is never the last one set. Never rejects. */
  reload(): Promise<void> {
    return (this.#reloading = this.#reloading.then(() => this.#reload()));
  }

  async #reload(): Promise<void> {
    const { files, servers, reloadOthers, logger, now } = this.#deps;
    this.#seen = stampOf(files);
    try {
      const certificate = readCertificate(files, now());
      await reloadOthers(); // the ones that can fail go first: a refusal leaves everybody with the old one
      for (const server of servers) server.setSecureContext(secureContextOf(certificate));
      this.#tell(certificate);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.error({ reason }, 'the new certificate is not used; the one before goes on');
    }
  }

  /** Once for each change, after which a pair that is only half written is looked at again. */
  #look(): void {
    if (stampOf(this.#deps.files) !== this.#seen) void this.reload();
  }

  #tell({ daysLeft, endsAtMs }: Certificate): void {
    this.#endsAtMs = endsAtMs;
    const days = Math.floor(daysLeft);
    if (daysLeft < WARN_DAYS) this.#deps.logger.warn({ days }, 'the certificate ends soon');
    else this.#deps.logger.info({ days }, 'the certificate is in use');
  }
}

/** Changes with either file; '' where one is missing for the moment. */
function stampOf({ key, cert }: Files): string {
  try {
    return [key, cert]
      .map((path) => statSync(path))
      .map(({ mtimeMs, ctimeMs, size, ino }) => `${mtimeMs}.${ctimeMs}.${size}.${ino}`)
      .join(' ');
  } catch {
    return '';
  }
}
