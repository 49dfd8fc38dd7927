import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { fail, ok, reason, warn, type Check, type Finding } from './check.ts';

const DAY_MS = 86_400_000;
const RENEW_DAYS = 21;
const SUBJECT = 'certificate';

/** The certificate belongs to its key and to the public name, and is good for a while. */
export const checkCertificate: Check = async ({ config }) => {
  const { key, cert } = config.tls;
  if (key === undefined || cert === undefined) return [ok(SUBJECT, 'none; plain HTTP')];
  try {
    const certificate = new X509Certificate(readFileSync(cert));
    if (!certificate.checkPrivateKey(createPrivateKey(readFileSync(key))))
      return [fail(SUBJECT, `${cert} belongs to another key than ${key}`, 'set tls.key and tls.cert of one pair')];
    return [judgeDates(certificate), ...judgeName(certificate, config.publicUrl)];
  } catch (error) {
    return [fail(SUBJECT, reason(error), 'correct tls.key and tls.cert; both are PEM files')];
  }
};

function judgeDates({ validFromDate, validToDate }: X509Certificate): Finding {
  const days = Math.floor((validToDate.getTime() - Date.now()) / DAY_MS);
  if (validFromDate.getTime() > Date.now())
    return fail(SUBJECT, `not valid before ${validFromDate.toISOString()}`, "check this machine's clock");
  if (days < 0)
    return fail(SUBJECT, `expired ${validToDate.toISOString()}`, 'renew it; a running Kaibo takes the new files');
  if (days < RENEW_DAYS) return warn(SUBJECT, `${days} days left`, 'renew it; see that its renewal runs by itself');
  return ok(SUBJECT, `${days} days left`);
}

function judgeName(certificate: X509Certificate, publicUrl: string | undefined): Finding[] {
  if (publicUrl === undefined) return [];
  const { hostname } = new URL(publicUrl);
  const address = hostname.replace(/^\[|\]$/g, '');
  const match = isIP(address) === 0 ? certificate.checkHost(hostname) : certificate.checkIP(address);
  if (match !== undefined) return [];
  const names = certificate.subjectAltName ?? certificate.subject;
  return [fail(SUBJECT, `is for ${names}, not for ${hostname}`, 'get one for the name in publicUrl')];
}
