import { expect, test } from 'vitest';
import { z } from 'zod';
import { SECRET, SECRET_FIELDS } from '../../http/secret-fields.ts';
import { redact } from './redact.ts';
import { unknownSecrets } from './secrets.ts';

test.each([
  ['/live/x?key=SECRET', '/live/x?key=[redacted]'],
  ['/a?b=1&token=SECRET&c=2', '/a?b=1&token=[redacted]&c=2'],
  ['/api/rooms/x%3Fkey%3DSECRET', '/api/rooms/x%3Fkey%3D[redacted]'],
  ['rtmp name "x?key=SECRET" refused', 'rtmp name "x?key=[redacted]" refused'],
  ['{"authorization":"Bearer SECRET"}', '{"authorization":"[redacted]"}'],
  ['sent Bearer SECRET.a-b', 'sent Bearer [redacted]'],
  ['{"cookie":"kaibo_owner_x=SECRET; a=b"}', '{"cookie":"[redacted]"}'],
  ['{"ownerToken":"SECRET","title":"x"}', '{"ownerToken":"[redacted]","title":"x"}'],
  ['{"msg":"{\\"streamKey\\":\\"x?key=SECRET\\"}"}', '{"msg":"{\\"streamKey\\":\\"[redacted]\\"}"}'],
  ['redis://:SECRET@host:6379/0 is away', 'redis://:[redacted]@host:6379/0 is away'],
  ['postgres://user:SEC:RET@host/db', 'postgres://user:[redacted]@host/db'],
  ['key kbk_SECRET-x was used', 'key [redacted] was used'],
  ['/overlay#kov_SECRET', '/overlay#[redacted]'],
  ['/reset#token=SECRET', '/reset#token=[redacted]'],
  ['/yield?credential=SECRET', '/yield?credential=[redacted]'],
  ['"/rtc/v1/session/aSECRET-x_y" ended', '"/rtc/v1/session/[redacted]" ended'],
  ['/rtc/v1/whip/aSECRETxyz/', '/rtc/v1/whip/[redacted]/'],
  ['/rtc/v1/whep/?stream=x', '/rtc/v1/whep/?stream=x'],
  ['sent eyJhbGciOi.eyJzdWIi.c2ln now', 'sent [redacted] now'],
  ['{"password":"SECRET","title":"x"}', '{"password":"[redacted]","title":"x"}'],
  ['{"newPassword":"SEC\\"RET"}', '{"newPassword":"[redacted]"}'],
  ['{"msg":"{\\"password\\":\\"SEC\\\\\\"RET\\"}"}', '{"msg":"{\\"password\\":\\"[redacted]\\"}"}'],
  ['/api/rooms?page=2&keyword=kept', '/api/rooms?page=2&keyword=kept'],
])('%s', (line, expected) => expect(redact(line)).toBe(expected));

test.each(Object.entries(SECRET_FIELDS))('%s is taken out', (name, place) => {
  expect(redact(`{"${name}":"SECRET"}`).includes('SECRET')).toBe(place === 'query');
  expect(redact(`/a?${name}=SECRET`).includes('SECRET')).toBe(place === 'field');
});

test('a schema with a secret that is not in the table is found, however deep it is', () => {
  const deep = z.array(z.union([z.object({ webhookSecret: z.string().optional() }), z.string()])).nullish();
  const schemas = [
    z.object({ title: z.string(), keyframeIntervalMs: z.number(), token: z.string(), deep }),
    z.object({ phrase: z.string().describe('of six words').meta(SECRET).optional() }).transform((value) => value),
    z.record(
      z.string(),
      z.lazy(() => z.object({ api_key: z.string() })),
    ),
  ];
  expect(unknownSecrets(schemas)).toEqual(['webhookSecret', 'phrase', 'api_key']);
});
