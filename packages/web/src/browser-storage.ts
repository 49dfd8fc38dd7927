/** Keeps values for as long as the page is open. */
class PageStorage implements Storage {
  readonly #values = new Map<string, string>();

  get length(): number {
    return this.#values.size;
  }

  key(index: number): string | null {
    return [...this.#values.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    return this.#values.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.#values.set(key, value);
  }

  removeItem(key: string): void {
    this.#values.delete(key);
  }

  clear(): void {
    this.#values.clear();
  }
}

// A browser that lets pages in frames keep nothing throws at the first look. The player works there all the same, and
// what the viewer chooses is good for this visit. Comes before everything that keeps something.
try {
  window.localStorage.getItem('kaibo.locale');
} catch {
  Object.defineProperty(window, 'localStorage', { value: new PageStorage(), configurable: true });
}
