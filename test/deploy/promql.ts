/** What of a PromQL expression names metrics: enough to look them up. That it is PromQL is for promtool to say. */
export interface Selected {
  metric: string;
  /** Labels that its selector compares. */
  labels: string[];
}

const TOKEN = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[A-Za-z_:][\w:]*|\d[\w.]*|[^\s]/g;
const NAME = /^[A-Za-z_:]/;
const AGGREGATORS = new Set('sum min max avg count stddev stdvar topk bottomk quantile group count_values'.split(' '));
/** Before a list of labels in brackets. */
const GROUPINGS = new Set('by without on ignoring group_left group_right'.split(' '));
const OPERATORS = new Set('and or unless bool offset atan2 inf nan'.split(' '));

export function selectedBy(expression: string): Selected[] {
  const tokens: readonly string[] = expression.match(TOKEN) ?? [];
  const found: Selected[] = [];
  for (let index = 0; index < tokens.length; index++) {
    const token = tokens[index] ?? '';
    const next = tokens[index + 1];
    if (GROUPINGS.has(token)) {
      if (next === '(') index = tokens.indexOf(')', index);
    } else if (token === '[') {
      index = tokens.indexOf(']', index);
    } else if (NAME.test(token) && !AGGREGATORS.has(token) && !OPERATORS.has(token.toLowerCase()) && next !== '(') {
      const selected: Selected = { metric: token, labels: [] };
      if (next === '{') {
        const end = tokens.indexOf('}', index);
        const inside = tokens.slice(index + 2, end);
        selected.labels = inside.filter((label) => NAME.test(label));
        index = end;
      }
      found.push(selected);
    }
  }
  return found;
}

/** Families of what `/metrics` answers: their type, help, and the labels of their samples. */
export interface Family {
  type: string;
  help: string;
  labels: Set<string>;
}

export function familiesOf(exposition: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let help = '';
  let current: Family | undefined;
  for (const line of exposition.split('\n')) {
    const [, about, name = '', words = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (about === 'HELP') help = words;
    else if (about === 'TYPE') families.set(name, (current = { type: words, help, labels: new Set() }));
    else for (const [, label = ''] of line.matchAll(/(?<=[{,])(\w+)=/g)) current?.labels.add(label);
  }
  return families;
}

/** The family that a metric of a query is of; a histogram's are read by parts. */
export function familyOf(families: ReadonlyMap<string, Family>, metric: string): Family | undefined {
  const whole = families.get(metric);
  if (whole !== undefined) return whole;
  const part = families.get(metric.replace(/_(bucket|sum|count)$/, ''));
  return part?.type === 'histogram' || part?.type === 'summary' ? part : undefined;
}
