/** Where a stream is fetched from that nobody publishes here. The operator's own: any address is allowed. */
export interface PullRule {
  app: string;
  /** A stream name, in which `*` stands for anything. */
  stream: string;
  /** rtmp://, rtmps://, http(s)://….flv; `{stream}` is the name that was asked for. May hold a key: a secret. */
  url: string;
  /** Fetched while somebody watches, or all the time; the latter needs a whole name. */
  mode: 'on_demand' | 'always';
}

/** What `PullRule.url` looks like. */
export const PULL_URL = /^(?:rtmps?|https?):\/\/[^\s\\]+$/;
/** What `PullRule.app` and `PullRule.stream` look like. */
export const PULL_APP = /^[A-Za-z0-9_.-]{1,128}$/;
export const PULL_STREAM = /^[A-Za-z0-9_.*-]{1,128}$/;

/** The URL of the first rule that fits. */
export function pullUrlOf(rules: readonly PullRule[], { app, stream }: { app: string; stream: string }) {
  const rule = rules.find((candidate) => candidate.app === app && fits(candidate.stream, stream));
  return rule?.url.replaceAll('{stream}', stream);
}

/** Goes through the name once for each part between stars: no pattern is slow. */
function fits(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern === name;
  const last = rest.pop() ?? '';
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
  let at = first.length;
  const end = name.length - last.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
