import { AppError, type Account, type Caller } from '../gateway/contract.ts';
import type { UserDirectory } from '../user/contract.ts';
import type {
  AdminFiles,
  AdminFilesQuery,
  FileAddress,
  FileList,
  FileOptions,
  FileQuota,
  FileRow,
  FilesQuery,
  StoredFile,
} from './contract.ts';
import type { ReplayShelf } from '../recording/contract.ts';
import { deleteFile, type DeletionDeps } from './deletion.ts';
import { pictureUrl } from './keys.ts';
import type { FileStore } from './store.ts';

export interface FileServiceDeps extends DeletionDeps {
  store: FileStore;
  users: UserDirectory;
  replays: Pick<ReplayShelf, 'address'>;
  options: Pick<FileOptions, 'quotaBytes'>;
  /** As their owners see them, in the same order. */
  view(rows: readonly FileRow[]): Promise<StoredFile[]>;
}

/** Files as their owners and administrators see them, whatever they are. */
export class FileService {
  readonly #deps: FileServiceDeps;

  constructor(deps: FileServiceDeps) {
    this.#deps = deps;
  }

  async list(account: Account, { kind, ...page }: FilesQuery): Promise<FileList> {
    const { rows, total } = await this.#deps.store.list({ userId: account.id, kind }, page);
    return { files: await this.#deps.view(rows), total };
  }

  async quota(account: Account): Promise<FileQuota> {
    const { store, options } = this.#deps;
    return { usedBytes: await store.usedBy(account.id), limitBytes: options.quotaBytes };
  }

  /** Those of others are not there. @throws AppError file_not_found */
  async get(account: Account, id: string): Promise<StoredFile> {
    return this.one(await this.#own(account, id));
  }

  /**
   * Where its bytes are, for whatever cannot log in: of one's own, and of everybody's for administrators.
   * @throws AppError file_not_found, file_not_ready
   */
  async address(caller: Caller, id: string): Promise<FileAddress> {
    const { account } = caller;
    const row = await this.#deps.store.find(id);
    const isAdministrator = account?.role === 'admin' && account.scopes?.includes('admin') !== false;
    if (row === undefined || (row.user_id !== account?.id && !isAdministrator)) throw new AppError('file_not_found');
    if (row.state === 'ready' && row.kind === 'image') return { url: pictureUrl(id) };
    if (row.state !== 'ready' || row.recording_id === null) throw new AppError('file_not_ready');
    return this.#deps.replays.address(caller, row.recording_id);
  }

  /** @throws AppError file_not_found */
  async remove(account: Account, id: string): Promise<void> {
    if (!(await deleteFile(this.#deps, await this.#own(account, id)))) throw new AppError('file_not_found');
  }

  async adminList({ q, kind, userId, ...page }: AdminFilesQuery): Promise<AdminFiles> {
    const { store, users, view } = this.#deps;
    const { rows, total, usedBytes } = await store.list({ q, kind, userId }, page);
    const owners = await users.findMany([...new Set(rows.map((row) => row.user_id))]);
    const views = await view(rows);
    const files = rows.flatMap((row, n) => {
      const file = views[n];
      if (file === undefined) return [];
      // Of an account that is being deleted.
      const { id = row.user_id, username = '', name = '', avatar } = owners.get(row.user_id) ?? {};
      return [{ ...file, owner: { id, username, name, avatar } }];
    });
    return { files, total, usedBytes };
  }

  /** @throws AppError file_not_found */
  async adminRemove({ account, address }: Caller, id: string): Promise<void> {
    const row = await this.#deps.store.find(id);
    if (row === undefined || account === undefined) throw new AppError('file_not_found');
    if (!(await deleteFile(this.#deps, row, { actor: `user:${account.id}`, address })))
      throw new AppError('file_not_found');
  }

  async one(row: FileRow): Promise<StoredFile> {
    const [file] = await this.#deps.view([row]);
    if (file === undefined) throw new AppError('file_not_found');
    return file;
  }

  async #own(account: Account, id: string): Promise<FileRow> {
    const row = await this.#deps.store.find(id);
    if (row?.user_id !== account.id) throw new AppError('file_not_found');
    return row;
  }
}
