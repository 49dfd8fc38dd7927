import { OutboundError, type Outbound } from '../../http/outbound.ts';
import { AppError } from '../gateway/contract.ts';
import type { FileOptions, PictureLibrary, PictureOwner, PicturePurpose } from './contract.ts';
import { pictureIdOfUrl, pictureUrl } from './keys.ts';
import type { Pictures } from './pictures.ts';
import type { FileStore } from './store.ts';

const MOST_REDIRECTS = 3;

export interface LibraryDeps {
  store: FileStore;
  pictures: Pictures;
  outbound: Outbound;
  options: Pick<FileOptions, 'imageMaxBytes'>;
}

/** Pictures that accounts and rooms show: here, whatever address they were given by. */
export class Library implements PictureLibrary {
  readonly #deps: LibraryDeps;

  constructor(deps: LibraryDeps) {
    this.#deps = deps;
  }

  async adopt(
    address: string,
    { owner, purpose }: { owner: PictureOwner | undefined; purpose: PicturePurpose },
  ): Promise<string> {
    const id = pictureIdOfUrl(address);
    if (id !== undefined) {
      const row = await this.#deps.store.find(id);
      if (row?.state !== 'ready' || row.purpose !== purpose) throw new AppError('unknown_picture');
      return pictureUrl(id);
    }
    // Nobody could find, or delete, what was kept for nobody.
    if (owner === undefined || !/^https?:/.test(address)) throw new AppError('unknown_picture');
    return this.#fetch(address, { owner, purpose });
  }

  async #fetch(address: string, { owner, purpose }: { owner: PictureOwner; purpose: PicturePurpose }): Promise<string> {
    const { pictures, options } = this.#deps;
    const { id } = await pictures.keep({
      ...{ userId: owner.id, purpose, name: nameOf(address), sizeBytes: options.imageMaxBytes },
      read: () => this.#read(address),
    });
    return pictureUrl(id);
  }

  /** Each address on the way is looked at as the first one is. @throws AppError picture_unreachable, file_too_large */
  async #read(address: string): Promise<Uint8Array> {
    const { outbound, options } = this.#deps;
    let url = address;
    try {
      for (let n = 0; n <= MOST_REDIRECTS; n++) {
        const { status, location, body } = await outbound.get(url, {
          headers: { accept: 'image/avif,image/webp,image/png,image/jpeg,image/gif', 'user-agent': 'Kaibo' },
          maxBytes: options.imageMaxBytes,
        });
        if (status === 200) return body;
        if (status < 300 || status > 399 || location === undefined) break;
        url = URL.parse(location, url)?.href ?? '';
      }
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      if (error.code === 'too_large') throw tooLarge(options);
    }
    throw new AppError('picture_unreachable');
  }
}

export function tooLarge({ imageMaxBytes }: Pick<FileOptions, 'imageMaxBytes'>): AppError {
  return new AppError('file_too_large', { max: `${Number((imageMaxBytes / 1024 ** 2).toFixed(1))} MB` });
}

/** The last part of its path, for its owner to know it again. */
function nameOf(address: string): string {
  const { pathname = '' } = URL.parse(address) ?? {};
  return (pathname.split('/').pop() ?? '').replace(/\p{C}/gu, '').slice(0, 100);
}
