import { expect, test } from 'vitest';
import { flvPlayUrls, mediaOrigin } from './urls.ts';

const PORTS = { rtmp: 1935, http: 8080, rtc: 8000 };
const PAGE = 'https://live.example.org:443';
const HOST = 'live.example.org';

test.each([
  ['a page without TLS', PORTS, { host: HOST, secure: false, origin: `http://${HOST}:80` }, `http://${HOST}:8080`],
  ['TLS of our own', { ...PORTS, https: 8444 }, { host: HOST, secure: true, origin: PAGE }, `https://${HOST}:8444`],
  ['TLS of a proxy in front', PORTS, { host: HOST, secure: true, origin: PAGE }, PAGE],
  ['a proxy, and media not passed on', PORTS, { host: HOST, secure: true }, `http://${HOST}:8080`],
  [
    'a page that says http of itself',
    PORTS,
    { host: HOST, secure: true, origin: `http://${HOST}:80` },
    `http://${HOST}:8080`,
  ],
])('%s: where media are', (_name, ports, site, origin) => {
  expect(mediaOrigin(ports, site)).toEqual({ http: origin, ws: origin.replace('http', 'ws') });
});

test('behind a proxy that speaks TLS, a secure page plays by its own port', () => {
  const target = { host: HOST, secure: true, origin: PAGE, app: 'live', stream: 's', query: { token: 't' } };
  expect(flvPlayUrls(PORTS, target)).toEqual({
    rtmp: 'rtmp://live.example.org:1935/live/s?token=t',
    flv: 'https://live.example.org:443/live/s.flv?token=t',
    wsFlv: 'wss://live.example.org:443/live/s.flv?token=t',
  });
});
