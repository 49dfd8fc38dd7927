import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { selfSignedCertificate } from '../../../test/support/certificate.ts';
import { createMetricsServer } from '../src/app/listeners.ts';
import { OperatorError } from '../src/app/operator-error.ts';
import { startTest, tempFolder, testConfig } from './harness.ts';

const TOKEN = '9f2c41d87ab3e65f0d1c';

test('metrics by HTTPS, for whoever has the token', async () => {
  const folder = tempFolder();
  const files = await selfSignedCertificate({ file: (name) => join(folder, name) });
  const { kaibo, log } = await startTest({
    change: (config) => {
      config.tls = { ...config.tls, ...files };
      config.metrics = { ...config.metrics, tls: true, token: TOKEN };
    },
  });
  const ca = readFileSync(files.cert);
  const scrape = async (authorization?: string, path = '/metrics', method = 'GET') => {
    const options = { host: '127.0.0.1', port: kaibo.ports.metrics, path, ca, method };
    const headers = authorization === undefined ? {} : { authorization };
    return new Promise<{ status?: number; body: string }>((resolve, reject) => {
      get({ ...options, headers, agent: false }, (response) => {
        text(response).then((body) => resolve({ status: response.statusCode, body }), reject);
      }).on('error', reject);
    });
  };
  const { body } = await scrape(`Bearer ${TOKEN}`);
  expect(body).toContain('kaibo_rooms');
  const [, endsAt] = /^kaibo_certificate_end_timestamp_seconds (\S+)$/m.exec(body) ?? [];
  expect(Number(endsAt) * 1000).toBe(Date.parse(new X509Certificate(ca).validTo));
  for (const wrong of [undefined, '', 'Bearer', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, TOKEN])
    expect(await scrape(wrong)).toEqual({ status: 401, body: '' });
  expect((await scrape(`Bearer ${TOKEN}`, '/')).status).toBe(404);
  expect((await scrape(`Bearer ${TOKEN}`, '/metrics', 'POST')).status).toBe(405);
  await expect(fetch(`http://127.0.0.1:${kaibo.ports.metrics}/metrics`)).rejects.toThrow('fetch failed');
  expect(log.join('')).not.toContain(TOKEN);
});

test('without a certificate there is no HTTPS', () => {
  const config = testConfig('', ({ metrics }) => (metrics.tls = true));
  expect(() => createMetricsServer(config, () => {})).toThrow(
    new OperatorError('metrics.tls needs a certificate: set tls.key and tls.cert'),
  );
});
