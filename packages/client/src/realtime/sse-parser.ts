/** A line longer than this is no event of ours. */
const MAX_PENDING_CHARS = 4 * 1024 * 1024;

/** Cuts a text/event-stream (HTML standard, 9.2) into the data of its events, as the pieces come. */
export class SseParser {
  #pending = '';
  #data: string[] = [];

  /** The data of each event that ended in this piece. @throws RangeError when a line does not end. */
  push(piece: string): string[] {
    const lines = (this.#pending + piece).split(/\r\n|\n|\r(?!$)/);
    this.#pending = lines.pop() ?? '';
    if (this.#pending.length > MAX_PENDING_CHARS) throw new RangeError('a line without end');
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): string[] {
    if (line === '') {
      const data = this.#data.join('\n');
      this.#data = [];
      return data === '' ? [] : [data];
    }
    if (line.startsWith('data:')) this.#data.push(line.slice(line[5] === ' ' ? 6 : 5));
    return [];
  }
}
