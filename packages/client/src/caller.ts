import { readJson, send } from './http.ts';
import type { HttpOptions, HttpRequest } from './http.ts';
import type { Session } from './session.ts';

/** Sends requests as whoever is logged in. An access token that has run out is renewed and the request sent again, once. */
export class Caller {
  readonly #http: HttpOptions;
  readonly #session: Session;

  constructor(http: HttpOptions, session: Session) {
    this.#http = http;
    this.#session = session;
  }

  async send(path: string, request: HttpRequest = {}): Promise<Response> {
    const bearer = await this.#session.bearer();
    try {
      return await send(this.#http, path, { ...request, bearer });
    } catch (error) {
      if (!(await this.#session.recover(error, bearer))) throw error;
      return send(this.#http, path, { ...request, bearer: await this.#session.bearer() });
    }
  }

  async json<T>(path: string, request: HttpRequest = {}): Promise<T> {
    return readJson<T>(await this.send(path, request));
  }

  /** Nobody's request: no token goes along. */
  anonymous(path: string, request: HttpRequest = {}): Promise<Response> {
    return send(this.#http, path, request);
  }
}
