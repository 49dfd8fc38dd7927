import { Program } from './program.ts';

/** A self-signed certificate for 127.0.0.1 by openssl, as PEM files in `folder`. */
export async function selfSignedCertificate(
  folder: {
    file(name: string): string;
  },
  { days = 2 }: { days?: number } = {},
): Promise<{ key: string; cert: string }> {
  const files = { key: folder.file('key.pem'), cert: folder.file('cert.pem') };
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', String(days)];
  await Program.start('openssl', [
    ...['req', '-x509', ...key, ...subject],
    ...['-keyout', files.key, '-out', files.cert],
  ]).succeeded();
  return files;
}
