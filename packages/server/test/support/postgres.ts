// A PostgreSQL of Debian's package, for tests: its own folder, its own port, gone at the end.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../../../test/support/ports.ts';

const DEBIAN_FOLDER = '/usr/lib/postgresql';
const APT_LINE = 'apt-get install -y --no-install-recommends postgresql util-linux';
/** Beside what other tools keep of a checkout. */
const TEMPLATES = join(import.meta.dirname, '../../../../node_modules/.cache/kaibo');
const START_DEADLINE_MS = 20_000;
const START_ATTEMPTS = 5;

/** It must be nowhere but in the URL: tests look for it in logs and answers. */
export const POSTGRES_PASSWORD = 'not-to-be-shown';

/** Written, but not forced to the disk: only processes are killed in tests, never the machine. Nobody tidies up or copies it. */
const SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  autovacuum: 'off',
  shared_buffers: '32MB',
  max_connections: '200',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
};

interface Identity {
  uid?: number;
  gid?: number;
}

/** Refuses to run as root, so it runs as `postgres` then. */
function identity(): Identity {
  if (process.getuid?.() !== 0) return {};
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error(`there is no user postgres: ${APT_LINE}`);
  return { uid: Number(uid), gid: Number(gid) };
}

function programs(): string {
  const versions = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER) : [];
  const newest = versions.toSorted((one, other) => Number(other) - Number(one))[0];
  const folder = join(DEBIAN_FOLDER, newest ?? '', 'bin');
  if (newest === undefined || !existsSync(join(folder, 'initdb')) || !existsSync('/usr/bin/setpriv'))
    throw new Error(`these tests need PostgreSQL: ${APT_LINE}`);
  return folder;
}

export class PostgresServer implements AsyncDisposable {
  readonly #folder: string;
  readonly #programs: string;
  #process: ChildProcess | undefined;
  #port = 0;
  #databases = 0;

  private constructor(folder: string, bin: string) {
    this.#folder = folder;
    this.#programs = bin;
  }

  static async start(): Promise<PostgresServer> {
    const bin = programs();
    const who = identity();
    const folder = mkdtempSync(join(tmpdir(), 'kaibo-postgres-'));
    const server = new PostgresServer(folder, bin);
    try {
      server.#initialize(who);
      for (let attempt = 1; ; attempt++) {
        server.#port = await freePort();
        try {
          await server.resume();
          return server;
        } catch (error) {
          // Somebody else may have taken the port in between.
          if (attempt === START_ATTEMPTS) throw error;
        }
      }
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Made so far. */
  get databases(): number {
    return this.#databases;
  }

  /** Of the program whose children serve the connections; undefined while it is stopped. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** `postgres://kaibo:…@127.0.0.1:PORT/NAME` */
  url(name = 'postgres'): string {
    return `postgres://kaibo:${POSTGRES_PASSWORD}@127.0.0.1:${this.#port}/${name}`;
  }

  /** An empty one, or as `template` is, to which nobody is connected; answers its URL. */
  async createDatabase(template = 'template0'): Promise<string> {
    const name = `test_${++this.#databases}`;
    await this.query(`create database ${name} template ${template} strategy file_copy`);
    return this.url(name);
  }

  /** As the server's administrator, on a connection of its own. */
  async query(sql: string): Promise<unknown[]> {
    const client = new pg.Client({ connectionString: this.url() });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  /** Starts it (again) unless it runs, on the same port with the same data; ready when it resolves. */
  async resume(): Promise<void> {
    if (this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null) return;
    const { uid, gid } = identity();
    const user = uid === undefined ? [] : [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
    const settings = Object.entries({ ...SETTINGS, port: this.#port }).flatMap(([key, value]) => [
      '-c',
      `${key}=${value}`,
    ]);
    // However this process ends, its PostgreSQL ends with it.
    const command = ['--pdeathsig', 'QUIT', ...user, join(this.#programs, 'postgres'), '-D', this.#data, ...settings];
    const child = spawn('/usr/bin/setpriv', command, { stdio: ['ignore', 'ignore', 'pipe'], cwd: this.#folder });
    this.#process = child;
    await ready(child);
  }

  /** `fast` lets it say goodbye to its clients; `immediate` is a crash. */
  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    this.#process = undefined;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await closed;
  }

  /** Stops answering without closing anything, as a machine that lost its network; `stop` still ends it. */
  signal(name: NodeJS.Signals): void {
    this.#process?.kill(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('immediate');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #data(): string {
    return join(this.#folder, 'data');
  }

  /** An empty data folder takes a second of a core to make, and is the same for every server: one is made, and copied. */
  #initialize({ uid, gid }: Identity): void {
    const version = basename(dirname(this.#programs));
    const template = join(TEMPLATES, `postgres-${version}-${userInfo().uid}`);
    if (!existsSync(join(template, 'PG_VERSION'))) {
      const passwordFile = join(this.#folder, 'password');
      writeFileSync(passwordFile, `${POSTGRES_PASSWORD}\n`);
      if (uid !== undefined && gid !== undefined)
        for (const path of [this.#folder, passwordFile]) chownSync(path, uid, gid);
      const options = ['--no-sync', '--username=kaibo', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
      const made = spawnSync(
        join(this.#programs, 'initdb'),
        ['-D', this.#data, ...options, '--encoding=UTF8', '--locale=C'],
        { encoding: 'utf8', uid, gid, cwd: this.#folder },
      );
      if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
      keepTemplate(this.#data, template);
      return;
    }
    if (uid !== undefined && gid !== undefined) chownSync(this.#folder, uid, gid);
    copyFolder(template, this.#data);
  }
}

/** Renamed to its place when it is whole, as several processes may make one at once: whose comes second is let go. */
function keepTemplate(data: string, template: string): void {
  mkdirSync(TEMPLATES, { recursive: true });
  const own = mkdtempSync(`${template}-`);
  try {
    copyFolder(data, join(own, 'data'));
    renameSync(join(own, 'data'), template);
  } catch (error) {
    if (!existsSync(join(template, 'PG_VERSION'))) throw error;
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

/** With owners and modes, without which PostgreSQL does not start. */
function copyFolder(from: string, to: string): void {
  const copied = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' });
  if (copied.status !== 0) throw new Error(`cp failed: ${copied.stderr}`);
}

/** Resolves when the server says so. */
async function ready(child: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = '';
  const late = setTimeout(() => reject(new Error(`PostgreSQL did not start: ${said}`)), START_DEADLINE_MS);
  child.stderr?.on('data', (chunk: Buffer) => {
    if (said.length < 100_000) said += chunk.toString();
    if (said.includes('ready to accept connections')) resolve();
  });
  child.once('error', reject);
  child.once('close', () => reject(new Error(`PostgreSQL ended: ${said}`)));
  await promise.finally(() => clearTimeout(late));
}
