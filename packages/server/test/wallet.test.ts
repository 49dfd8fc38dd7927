import { createHmac, randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { PASSWORD, startAccounts, type Headers } from './support/accounts.ts';
import { connect, startTest, type Answer, type TestKaibo } from './harness.ts';
import { People, type Person } from './rooms-people.ts';

const SECRET = 'a secret for the test provider';
const PACKAGE = { id: 'small', coins: 60, price: 600, currency: 'CNY' };

/** A platform that sells coins, with people who need no passwords. */
async function startShop() {
  const people = new People();
  let nowMs = Date.now();
  const kaibo = await startTest({
    ...{ authenticator: people, users: people },
    now: () => nowMs,
    change: (config) => {
      config.limits.writePerMinute = 10_000;
      config.payments.packages = [PACKAGE];
      config.payments.test.secret = SECRET;
    },
  });
  const { call } = kaibo;
  const get = (path: string, headers?: Headers): Promise<Answer> => call(path, { headers });
  return {
    ...kaibo,
    ...{ people, get },
    wait: (ms: number) => void (nowMs += ms),
    post: (path: string, body: unknown, headers?: Headers) => call(path, { method: 'POST', body, headers }),
    delete: (path: string, headers: Headers) => call(path, { method: 'DELETE', headers }),
    audit: async (query: string) => list(await get(`/api/admin/audit${query}`, admin.headers)),
  };
}

let kaibo: Awaited<ReturnType<typeof startShop>> & TestKaibo;
let admin: Person;
let person: Person;

beforeEach(async () => {
  kaibo = await startShop();
  admin = kaibo.people.add('admin', 'admin');
  person = kaibo.people.add('alice');
});

const keyed = ({ headers }: Pick<Person, 'headers'>, key: string = randomUUID()): Headers => ({
  ...headers,
  'idempotency-key': key,
});
const credit = (amount: unknown, headers: Headers = keyed(admin), note?: string): Promise<Answer> =>
  kaibo.post(`/api/admin/wallets/${person.id}/credit`, { amount, note }, headers);
const wallet = async (): Promise<unknown> => (await kaibo.get('/api/wallet', person.headers)).body;
const list = ({ text }: Answer): Record<string, unknown>[] => JSON.parse(text) as Record<string, unknown>[];

describe('what administrators do', () => {
  test('coins are given and taken, each key once, and the trail says by whom', async () => {
    const socket = await connect(kaibo.base, { headers: person.headers });
    socket.send({ type: 'subscribe', channel: 'user' });
    const headers = keyed(admin);
    const first = await credit(100, headers, 'welcome');
    expect(first).toMatchObject({ status: 200, body: { balance: 100 } });
    expect((await credit(100, headers, 'welcome')).body).toEqual(first.body);
    expect(await credit(101, headers, 'welcome')).toMatchObject({
      status: 409,
      body: { code: 'idempotency_key_reused' },
    });
    const event = await socket.next(({ event: name }) => name === 'wallet.changed');
    expect(event.data).toEqual({ account: 'spendable', balance: 100 });
    const debit = (amount: number): Promise<Answer> =>
      kaibo.post(`/api/admin/wallets/${person.id}/debit`, { amount }, keyed(admin));
    expect(await debit(101)).toMatchObject({ status: 409, body: { code: 'insufficient_balance' } });
    expect(await debit(40)).toMatchObject({ status: 200, body: { balance: 60 } });
    expect(await wallet()).toEqual({ balance: 60, revenue: 0 });
    const trail = await kaibo.audit(`?subject=user:${person.id}`);
    expect(trail.filter(({ action }) => String(action).startsWith('wallet.'))).toMatchObject([
      { actor: `user:${admin.id}`, action: 'wallet.debited', details: { amount: 40 } },
      { actor: `user:${admin.id}`, action: 'wallet.credited', details: { amount: 100, note: 'welcome' } },
    ]);
  });

  test('money is whole coins above nothing, and needs a key, an administrator and somebody to get it', async () => {
    for (const amount of [0, -1, 1.5, 1e13, '100', null])
      expect((await credit(amount)).status, String(amount)).toBe(400);
    for (const key of ['', 'short', 'with space', 'x'.repeat(101)])
      expect(await credit(1, { ...admin.headers, ...(key === '' ? {} : { 'idempotency-key': key }) })).toMatchObject({
        status: 400,
        body: { code: 'idempotency_key_required' },
      });
    expect(await credit(1, keyed(person))).toMatchObject({ status: 403 });
    const nobody = await kaibo.post('/api/admin/wallets/nobody/credit', { amount: 1 }, keyed(admin));
    expect(nobody).toMatchObject({ status: 404, body: { code: 'user_not_found' } });
    expect(await wallet()).toEqual({ balance: 0, revenue: 0 });
  });

  test('a payout takes earned coins only', async () => {
    await credit(100);
    const answer = await kaibo.post(
      `/api/admin/wallets/${person.id}/payout`,
      { amount: 1, reference: 'SEPA 1' },
      keyed(admin),
    );
    expect(answer).toMatchObject({ status: 409, body: { code: 'insufficient_balance' } });
  });
});

test('administrators have the books proved', async () => {
  await credit(100);
  const { body } = await kaibo.get('/api/admin/ledger/verify', admin.headers);
  expect(body).toEqual({ transfers: 1, entries: 2, accounts: expect.any(Number), differences: [] });
  expect((await kaibo.get('/api/admin/ledger/verify', person.headers)).status).toBe(403);
});

describe('the statement', () => {
  test('is paged and filtered, the newest first', async () => {
    for (const amount of [1, 2, 3, 4, 5]) await credit(amount);
    const page = await kaibo.get('/api/wallet/statement?page=2&pageSize=2', person.headers);
    expect(page.headers.get('x-total-count')).toBe('5');
    expect(page.headers.get('link')).toContain('page=3');
    expect(list(page)).toMatchObject([
      { kind: 'credit', amount: 3, balance: 6 },
      { kind: 'credit', amount: 2, balance: 3 },
    ]);
    const one = async (query: string): Promise<number> =>
      list(await kaibo.get(`/api/wallet/statement?${query}`, person.headers)).length;
    expect(await one('kind=gift')).toBe(0);
    expect(await one('account=revenue')).toBe(0);
    expect(await one(`from=${Date.now() + 60_000}`)).toBe(0);
    expect(await one(`to=${Date.now() + 60_000}`)).toBe(5);
    expect((await kaibo.get('/api/wallet/statement?pageSize=201', person.headers)).status).toBe(400);
    const seen = await kaibo.get(`/api/admin/wallets/${person.id}/statement`, admin.headers);
    expect(list(seen)).toHaveLength(5);
  });

  test('is a table in which nothing is a formula', async () => {
    const notes = ['=1+1', '+1', '-1', '@SUM(A1)', '＝1+1', ' =1', 'a "quoted", note', '=HYPERLINK("http://evil")'];
    for (const note of notes) await credit(1, keyed(admin), note);
    for (let n = 0; n < 3; n++) await credit(1);
    const csv = await kaibo.get('/api/wallet/statement.csv', person.headers);
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(csv.headers.get('content-disposition')).toContain('attachment');
    const lines = csv.text.trimEnd().split('\r\n');
    expect(lines[0]?.replace('\uFEFF', '')).toBe('time,kind,amount,balance,note,details,transfer');
    expect(lines).toHaveLength(12);
    expect(lines[4]).toContain(',credit,1,8,"\'=HYPERLINK(""http://evil"")","",');
    expect(lines[5]).toContain('"a ""quoted"", note"');
    const cells = lines.slice(1).flatMap((line) => line.match(/"(?:[^"]|"")*"|[^,]+/g) ?? []);
    expect(cells.filter((cell) => /^"?\s*[=+\-@＝]/.test(cell))).toEqual([]);
  });
});

describe('codes', () => {
  const make = (body: object, headers = keyed(admin)): Promise<Answer> => kaibo.post('/api/admin/codes', body, headers);
  const redeem = (code: string, by: Person = person, key?: string): Promise<Answer> =>
    kaibo.post('/api/wallet/redeem', { code }, keyed(by, key));

  test('are worth their coins once, however they are typed', async () => {
    const headers = keyed(admin);
    const { body } = await make({ amount: 50, count: 3 }, headers);
    const { codes, batchId } = body as unknown as { codes: [string, string, string]; batchId: string };
    expect(codes[0]).toMatch(/^(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}$/);
    expect(await make({ amount: 50, count: 3 }, headers)).toMatchObject({ status: 409, body: { code: 'codes_shown' } });
    const first = await redeem(codes[0].toLowerCase().replaceAll('-', ' '), person, 'redeem-1');
    expect(first).toMatchObject({ status: 200, body: { amount: 50, balance: 50 } });
    expect((await redeem(codes[0], person, 'redeem-1')).body).toEqual(first.body);
    expect(await redeem(codes[1], person, 'redeem-1')).toMatchObject({ body: { code: 'idempotency_key_reused' } });
    expect(await redeem(codes[0])).toMatchObject({ status: 409, body: { code: 'redeem_code_used' } });
    const both = await Promise.all([redeem(codes[1]), redeem(codes[1], admin), redeem(codes[1])]);
    expect(both.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([200, 409, 409]);
    const revoked = await kaibo.delete(`/api/admin/codes/${batchId}`, admin.headers);
    expect(revoked.body).toEqual({ revoked: 1 });
    expect(await redeem(codes[2])).toMatchObject({ body: { code: 'redeem_code_used' } });
    expect(list(await kaibo.get('/api/admin/codes', admin.headers))).toMatchObject([
      { batchId, amount: 50, count: 3, redeemed: 2, open: 0 },
    ]);
    expect(kaibo.log.filter((line) => codes.some((code) => line.includes(code)))).toEqual([]);
  });

  test('expire, and cannot be guessed for long', async () => {
    const { body } = await make({ amount: 1, count: 1, expiresAt: Date.now() + 60_000 });
    const [code = ''] = body['codes'] as string[];
    kaibo.wait(10 * 60_000);
    expect(await redeem(code)).toMatchObject({ status: 410, body: { code: 'redeem_code_expired' } });
    for (let n = 0; n < 10; n++) expect(await redeem(`WRONG-${n}`)).toMatchObject({ status: 404 });
    expect(await redeem('WRONG')).toMatchObject({ status: 429, body: { code: 'redeem_throttled' } });
    expect(await redeem(code)).toMatchObject({ status: 429 });
  });
});

describe('payments', () => {
  const order = async (key?: string): Promise<Record<string, unknown>> =>
    (await kaibo.post('/api/payments', { packageId: 'small' }, keyed(person, key))).body;
  const tell = (event: object, { secret = SECRET, atMs = Date.now() } = {}): Promise<Answer> => {
    const raw = JSON.stringify(event);
    const seconds = Math.round(atMs / 1000);
    const signature = createHmac('sha256', secret).update(`${seconds}.${raw}`).digest('hex');
    const headers = { 'x-kaibo-test-signature': `t=${seconds},v1=${signature}` };
    return kaibo.call('/api/payments/test/webhook', { method: 'POST', raw, headers });
  };
  const paid = (orderId: unknown, id = 'event-1'): object => ({
    id,
    type: 'paid',
    orderId,
    price: 600,
    currency: 'CNY',
  });
  const refunded = (orderId: unknown): object => ({ ...paid(orderId, 'event-2'), type: 'refunded' });

  test('coins come once, when the provider says that they are paid', async () => {
    expect((await kaibo.get('/api/payments/packages')).body).toEqual({ providers: ['test'], packages: [PACKAGE] });
    const made = await order('order-key');
    expect(made).toMatchObject({ status: 'created', coins: 60, payment: { params: { price: '600' } } });
    expect(await order('order-key')).toEqual(made);
    expect(await wallet()).toEqual({ balance: 0, revenue: 0 });
    expect(await tell(paid(made['id']))).toMatchObject({ status: 200 });
    expect(await tell(paid(made['id']))).toMatchObject({ status: 200 });
    expect(await tell(paid(made['id'], 'event-again'))).toMatchObject({ status: 200 });
    expect(await wallet()).toEqual({ balance: 60, revenue: 0 });
    expect(list(await kaibo.get('/api/payments', person.headers))).toMatchObject([{ id: made['id'], status: 'paid' }]);
  });

  test('a refund takes back what is left, in whatever order events come', async () => {
    const [first, second] = [await order(), await order()];
    await tell(paid(first['id']));
    await kaibo.post(`/api/admin/wallets/${person.id}/debit`, { amount: 50 }, keyed(admin));
    expect(await tell(refunded(first['id']))).toMatchObject({ status: 200 });
    expect(await tell(refunded(first['id']))).toMatchObject({ status: 200 });
    expect(await wallet()).toEqual({ balance: 0, revenue: 0 });
    expect(await kaibo.audit(`?subject=user:${person.id}`)).toContainEqual(
      expect.objectContaining({ action: 'payment.refunded', details: expect.objectContaining({ shortfall: 50 }) }),
    );
    await tell({ ...refunded(second['id']), id: 'event-3' });
    expect(await tell(paid(second['id'], 'event-4'))).toMatchObject({ status: 200 });
    expect(await wallet()).toEqual({ balance: 0, revenue: 0 });
  });

  test('nobody else can say so', async () => {
    const { id } = await order();
    const forged = { status: 401, body: { code: 'invalid_signature' } };
    expect(await tell(paid(id), { secret: 'another secret' })).toMatchObject(forged);
    expect(await tell(paid(id), { atMs: Date.now() - 6 * 60_000 })).toMatchObject(forged);
    expect(await tell(paid(id), { atMs: Date.now() + 6 * 60_000 })).toMatchObject(forged);
    expect(await kaibo.post('/api/payments/test/webhook', paid(id))).toMatchObject(forged);
    expect(await kaibo.post('/api/payments/other/webhook', paid(id))).toMatchObject({ status: 404 });
    for (const other of [{ price: 1 }, { price: 601 }, { currency: 'USD' }])
      expect(await tell({ ...paid(id), ...other })).toMatchObject({ status: 409, body: { code: 'payment_mismatch' } });
    // Refused before it is read, whoever signed it.
    const huge = { ...paid(id), padding: 'x'.repeat(65_536) };
    expect(await tell(huge)).toMatchObject({ status: 413, body: { code: 'body_too_large' } });
    expect(await tell({ ...paid('no-such-order') })).toMatchObject({ status: 404 });
    expect(await tell({ id: 'x', type: 'other', orderId: 'x', price: 0, currency: '' })).toMatchObject({ status: 200 });
    expect(await tell({ type: 'paid' })).toMatchObject({ status: 400 });
    expect(await wallet()).toEqual({ balance: 0, revenue: 0 });
    expect(kaibo.log.filter((line) => line.includes(SECRET))).toEqual([]);
  });
});

test('the books outlive an account, by its id alone', async () => {
  const accounts = await startAccounts();
  const boss = await accounts.person('admin');
  const { id, headers } = await accounts.person('alice');
  const path = `/api/admin/wallets/${id}`;
  await accounts.post(`${path}/credit`, { amount: 100, note: 'welcome' }, keyed(boss));
  const { body } = await accounts.get('/api/users/me/export', headers);
  expect(body['wallet']).toMatchObject({ balance: 100, entries: [{ amount: 100, kind: 'credit' }], orders: [] });
  await accounts.delete('/api/users/me', headers, { password: PASSWORD });
  expect((await accounts.get(path, boss.headers)).body).toEqual({ balance: 100, revenue: 0 });
});
