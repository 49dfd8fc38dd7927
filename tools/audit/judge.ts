/** Something known against a version that we use. */
export interface Advisory {
  /** `GHSA-…`, or the number that the registry gives where there is none. */
  id: string;
  name: string;
  severity: string;
  title: string;
  url: string;
}

/** Somebody looked at an advisory and found that it does no harm here. */
export interface Allowed {
  id: string;
  reason: string;
  /** `YYYY-MM-DD`, the last day; at most half a year away when it is written. */
  until: string;
}

export interface Judgement {
  refused: Advisory[];
  passed: Allowed[];
  /** Whose advisory is still there. */
  expired: Allowed[];
  unused: Allowed[];
}

const FIELDS = ['id', 'reason', 'until'] as const;

/** @throws Error naming the entry that says too little. */
export function readAllowed(text: string): Allowed[] {
  const entries = JSON.parse(text) as unknown;
  if (!Array.isArray(entries)) throw new Error('the allow list is no list');
  return entries.map((entry: Partial<Allowed>) => {
    const missing = FIELDS.filter((field) => typeof entry[field] !== 'string' || entry[field].trim() === '');
    const shown = entry.id ?? JSON.stringify(entry);
    if (missing.length > 0) throw new Error(`${shown} needs ${missing.join(', ')}`);
    const { id = '', reason = '', until = '' } = entry;
    if (!/^\d{4}-\d\d-\d\d$/.test(until) || Number.isNaN(Date.parse(until)))
      throw new Error(`${shown}: until is a day such as 2027-01-31`);
    return { id, reason, until };
  });
}

interface AuditReport {
  vulnerabilities?: Record<string, { via: (string | AuditSource)[] }>;
  metadata?: { dependencies?: { total?: number } };
  message?: string;
  error?: { summary?: string; code?: string };
}

interface AuditSource {
  source: number | string;
  name: string;
  title: string;
  url?: string;
  severity: string;
}

/** Reads what `npm audit --json` printed: each advisory once, or why there are none to be had. */
export function advisoriesOf(
  output: string,
): { advisories: Advisory[]; dependencies: number } | { unreachable: string } {
  let report: AuditReport;
  try {
    report = JSON.parse(output) as AuditReport;
  } catch {
    return { unreachable: '' };
  }
  if (report.vulnerabilities === undefined)
    return { unreachable: report.message ?? report.error?.summary ?? report.error?.code ?? '' };
  const advisories = new Map<string, Advisory>();
  for (const { via } of Object.values(report.vulnerabilities))
    for (const source of via) {
      // A text names another package of the report, which has the advisory.
      if (typeof source === 'string') continue;
      const { name, title, severity, url = '' } = source;
      const id = /GHSA-[\w-]+/.exec(url)?.[0] ?? String(source.source);
      advisories.set(`${id} ${name}`, { id, name, title, severity, url });
    }
  return { advisories: [...advisories.values()], dependencies: report.metadata?.dependencies?.total ?? 0 };
}

export function judge(advisories: readonly Advisory[], allowed: readonly Allowed[], now: Date): Judgement {
  const today = now.toISOString().slice(0, 10);
  const isFound = ({ id }: Allowed): boolean => advisories.some((advisory) => advisory.id === id);
  const isGood = ({ until }: Allowed): boolean => until >= today;
  const passed = allowed.filter((entry) => isFound(entry) && isGood(entry));
  return {
    refused: advisories.filter(({ id }) => !passed.some((entry) => entry.id === id)),
    passed,
    expired: allowed.filter((entry) => isFound(entry) && !isGood(entry)),
    unused: allowed.filter((entry) => !isFound(entry)),
  };
}
