/**
 * The database cannot be reached, or cannot take this now. Whether the change was committed is unknown only when the
 * connection broke during the commit; otherwise nothing of it remains.
 */
export class DatabaseUnavailableError extends Error {
  readonly code = 'database_unavailable';

  constructor(options?: ErrorOptions) {
    super('the database cannot be reached', options);
    this.name = 'DatabaseUnavailableError';
  }
}

/** The database cannot be used as it is set up: what the operator has to put right, in one line and without secrets. */
export class DatabaseOpenError extends Error {
  readonly code = 'database_open';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DatabaseOpenError';
  }
}

/** The `code` that Node, pg and SQLite give their errors; empty without one. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** A value that has to be unique is there already: PostgreSQL's `unique_violation`, SQLite's extended result code. */
export function isUniqueViolation(error: unknown): boolean {
  return ['23505', 'SQLITE_CONSTRAINT_UNIQUE'].includes(codeOf(error));
}

/**
 * How loud a failure is that is tried again by itself: that the database is away is said by the database's own line, and
 * those who only wait for it have nothing to add.
 */
export function levelOf(error: unknown, usual: 'warn' | 'error' = 'warn'): 'error' | 'warn' | 'debug' {
  return error instanceof DatabaseUnavailableError ? 'debug' : usual;
}

/** One line that says what went wrong: `connect ECONNREFUSED 127.0.0.1:5432`. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  return (error.message === '' ? codeOf(error) : error.message).split('\n')[0] ?? '';
}
