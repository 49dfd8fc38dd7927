import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { Server as TlsServer } from 'node:https';
import type { Logger } from 'pino';
import { OperatorError } from './operator-error.ts';

const DAY_MS = 86_400_000;
/** A renewal that is due or has failed. */
const WARN_DAYS = 14;
const LOOK_EVERY_MS = 5000;

interface Files {
  key: string;
  cert: string;
}

/** A private key and its certificate chain, as PEM texts. */
export interface Certificate {
  key: string;
  cert: string;
  daysLeft: number;
}

/** @throws OperatorError when the files cannot be read, do not belong together, or the certificate is over. */
export function readCertificate({ key, cert }: Files, now: number): Certificate {
  try {
    const texts = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    const first = new X509Certificate(texts.cert);
    if (!first.checkPrivateKey(createPrivateKey(texts.key)))
      throw new Error('the key is not the one of the certificate');
    const daysLeft = (Date.parse(first.validTo) - now) / DAY_MS;
    if (daysLeft <= 0) throw new Error(`the certificate ended on ${first.validTo}`);
    return { ...texts, daysLeft };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OperatorError(`tls.key and tls.cert cannot be used: ${reason}`, { cause: error });
  }
}

export interface CertificateWatchDeps {
  files: Files;
  server: TlsServer;
  /** Whoever else has the certificate. */
  reloadOthers(): Promise<void>;
  logger: Logger;
  now: () => number;
  lookEveryMs?: number;
}

/**
 * Takes a renewed certificate over without a restart: new connections get it, those that are open go on. A new pair
 * that cannot be used changes nothing. The files are looked at by time and size, which sees a swapped link too.
 */
export class CertificateWatch {
  readonly #deps: CertificateWatchDeps;
  readonly #timer: NodeJS.Timeout;
  readonly #onHangup = (): void => void this.reload();
  #seen: string;

  constructor(deps: CertificateWatchDeps) {
    this.#deps = deps;
    this.#seen = stampOf(deps.files);
    this.#tell(readCertificate(deps.files, deps.now()));
    this.#timer = setInterval(() => this.#look(), deps.lookEveryMs ?? LOOK_EVERY_MS).unref();
    process.on('SIGHUP', this.#onHangup);
  }

  close(): void {
    clearInterval(this.#timer);
    process.off('SIGHUP', this.#onHangup);
  }

  async reload(): Promise<void> {
    const { files, server, reloadOthers, logger, now } = this.#deps;
    this.#seen = stampOf(files);
    try {
      const certificate = readCertificate(files, now());
      server.setSecureContext({ key: certificate.key, cert: certificate.cert });
      await reloadOthers();
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

  #tell({ daysLeft }: Certificate): void {
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
      .map(({ mtimeMs, size, ino }) => `${mtimeMs}.${size}.${ino}`)
      .join(' ');
  } catch {
    return '';
  }
}
