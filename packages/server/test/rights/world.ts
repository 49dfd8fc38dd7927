import { vi } from 'vitest';
import { defaultConfig } from '../../src/app/config.ts';
import { startKaibo, type Kaibo } from '../../src/app/kaibo.ts';
import { createLogger } from '../../src/app/logger.ts';
import { FakeEngine } from '../fake-engine.ts';
import { until } from '../../../../test/support/until.ts';
import { request, type Answer, type CallInit } from '../harness.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const PASSWORD = 'correct horse battery';

/** An account with what it logs in by. */
export interface Person {
  id: string;
  username: string;
  token: string;
  refreshToken: string;
}

interface OpenApi {
  paths: Record<string, Record<string, unknown>>;
}

/** One platform with its people, which all cases share; rooms are made anew for each case. */
export class RightsWorld {
  readonly base: string;
  readonly engine: FakeEngine;
  readonly routes: string[];
  readonly #kaibo: Kaibo;
  readonly #folder: string;
  readonly #people = new Map<string, Person>();
  #count = 0;

  private constructor(deps: { kaibo: Kaibo; engine: FakeEngine; folder: string; routes: string[] }) {
    this.#kaibo = deps.kaibo;
    this.#folder = deps.folder;
    this.engine = deps.engine;
    this.routes = deps.routes;
    this.base = `http://localhost:${deps.kaibo.ports.http}`;
  }

  static async start(): Promise<RightsWorld> {
    const folder = mkdtempSync(join(tmpdir(), 'kaibo-rights-'));
    const config = defaultConfig();
    config.dataDir = folder;
    config.host = '127.0.0.1';
    config.http.port = 0;
    config.metrics.port = 0;
    config.limits.loginPerMinute = 1_000_000;
    config.limits.openRoomsPerUser = 1_000_000;
    // How full the test machine is does not matter.
    config.recording.minFreeBytes = 0;
    config.files.minFreeBytes = 0;
    // Nothing of a test leaves this machine.
    config.webhooks.allowPrivate = ['127.0.0.1'];
    // Many tests share few cores; refusing work when late has tests of its own.
    config.limits.eventLoopDelayMs = 60_000;
    const engine = new FakeEngine();
    const { logger } = createLogger({ level: 'silent', format: 'json' }, { write: () => {} });
    const kaibo = await startKaibo({ config, logger, engine });
    const base = `http://localhost:${kaibo.ports.http}`;
    const openApi = (await request(`${base}/openapi.json`)).body as unknown as OpenApi;
    const world = new RightsWorld({
      kaibo,
      engine,
      folder,
      routes: Object.entries(openApi.paths ?? {}).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
      ),
    });
    await world.person('admin');
    return world;
  }

  async stop(): Promise<void> {
    await this.#kaibo.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  call(path: string, init?: CallInit): Promise<Answer> {
    return request(this.base + path, init);
  }

  /** As an administrator; whatever is not a success is the test's own fault. */
  async must(path: string, init: CallInit, token?: string): Promise<Answer> {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await this.call(path, { ...init, headers: { ...headers, ...init.headers } });
    if (answer.status >= 300) throw new Error(`${init.method ?? 'GET'} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  }

  /** The one account of this name; made when first asked for. The first one of all is the administrator. */
  async person(username: string): Promise<Person> {
    const known = this.#people.get(username);
    if (known !== undefined) return known;
    const made = await this.#register(username);
    this.#people.set(username, made);
    return made;
  }

  /** A user name that nobody has. */
  newName(): string {
    return `new${this.#count++}`;
  }

  /** The one account that has always been suspended. */
  async suspendedPerson(): Promise<Person> {
    const isNew = !this.#people.has('suspended');
    const person = await this.person('suspended');
    if (isNew) await this.suspend(person);
    return person;
  }

  async suspend({ id }: Person): Promise<void> {
    const admin = await this.person('admin');
    await this.must(`/api/admin/users/${id}/ban`, { method: 'POST', body: { reason: 'test' } }, admin.token);
  }

  /** As an encoder does with `PLAYID?key=SECRET`. */
  async publish(streamKey: string): Promise<void> {
    const [stream = '', query = ''] = streamKey.split('?');
    const verdict = await this.engine.publish(stream, `?${query}`);
    if (verdict.action !== 'publish') throw new Error(`publishing was refused: ${verdict.code}`);
  }

  /** Broadcasts for a moment; the recording, once it is ready. */
  async record(roomId: string, owner: Person): Promise<string> {
    const path = `/api/rooms/${roomId}`;
    const { body: room } = await this.must(path, {}, owner.token);
    await this.must(`${path}/recording`, { method: 'POST', body: { on: true } }, owner.token);
    await this.publish(String(room['streamKey']));
    const recordings = async (): Promise<{ id: string; state: string }[]> =>
      JSON.parse((await this.must(`${path}/recordings`, {}, owner.token)).text) as { id: string; state: string }[];
    const soon = { timeout: 10_000, interval: 10 };
    await vi.waitUntil(async () => (await recordings()).length === 1, soon);
    await this.must(`${path}/recording`, { method: 'POST', body: { on: false } }, owner.token);
    await vi.waitUntil(async () => (await recordings())[0]?.state === 'ready', soon);
    return (await recordings())[0]?.id ?? '';
  }

  /** Makes a picture of what is published into the room, which is live by then. */
  async picture(roomId: string, playId: string): Promise<void> {
    await until(async () => (await this.call(`/api/rooms/${roomId}`)).body['status'] === 'live');
    this.engine.picture(playId, { jpeg: Buffer.of(0xff, 0xd8, 0xff, 0xd9), atMs: 1 });
  }

  /** An account for one case, which may destroy it. */
  async freshPerson(role: 'user' | 'admin' = 'user'): Promise<Person> {
    const made = await this.#register(`fresh${this.#count++}`);
    if (role === 'user') return made;
    await this.must(
      `/api/admin/users/${made.id}/role`,
      { method: 'PUT', body: { role } },
      (await this.person('admin')).token,
    );
    return { ...made, ...(await this.#login(made.username)) };
  }

  async #register(username: string): Promise<Person> {
    const answer = await this.must('/api/auth/register', { method: 'POST', body: { username, password: PASSWORD } });
    const { id } = answer.body['user'] as { id: string };
    return { id, username, ...this.#tokensOf(answer) };
  }

  async #login(username: string): Promise<{ token: string; refreshToken: string }> {
    return this.#tokensOf(
      await this.must('/api/auth/login', { method: 'POST', body: { username, password: PASSWORD } }),
    );
  }

  #tokensOf({ body, headers }: Answer): { token: string; refreshToken: string } {
    const cookie = headers.getSetCookie().find((line) => line.startsWith('kaibo_refresh='));
    return {
      token: String(body['accessToken']),
      refreshToken: cookie?.slice('kaibo_refresh='.length).split(';')[0] ?? '',
    };
  }
}
