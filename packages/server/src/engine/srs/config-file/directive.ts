// SRS's configuration format: `name value …;` and `name value … { directives }`, as nginx has it. A directive stands on
// one line; there is no escape inside quotes (srs_app_config.cpp, SrsConfDirective::read_token).

/** One directive; `note` stands above it as a comment. */
export interface Directive {
  name: string;
  values: readonly string[];
  block?: readonly Directive[];
  note?: string;
}

/** A value that no quotes can carry; the message names the directive, never the value. */
export class DirectiveError extends Error {
  readonly code = 'srs_value_unusable';

  constructor(name: string) {
    super(`${name}: SRS's configuration cannot hold quotes, line breaks or nothing at all`);
    this.name = 'DirectiveError';
  }
}

/** Ends no token of SRS's, and begins no comment. */
const PLAIN = /^[\w./:@%+=?&,*~[\]-]+$/;
const UNUSABLE = /^$|["\p{Cc}]/u;
const INDENT = '    ';

export function directive(name: string, value: string | number | boolean, note?: string): Directive {
  return { name, values: [typeof value === 'boolean' ? onOff(value) : String(value)], note };
}

export function block(name: string, directives: readonly Directive[], note?: string): Directive {
  return { name, values: [], block: directives, note };
}

const onOff = (isOn: boolean): string => (isOn ? 'on' : 'off');

/** @throws DirectiveError */
export function encodeDirectives(directives: readonly Directive[]): string {
  return directives.map((one) => encode(one, '')).join('');
}

function encode({ name, values, block: inner, note }: Directive, indent: string): string {
  const comment = (note?.split('\n') ?? []).map((line) => `${indent}# ${line}\n`).join('');
  const head = [name, ...values.map((value) => quoted(name, value))].join(' ');
  if (inner === undefined) return `${comment}${indent}${head};\n`;
  const lines = inner.map((one) => encode(one, indent + INDENT)).join('');
  return `${comment}${indent}${head} {\n${lines}${indent}}\n`;
}

function quoted(name: string, value: string): string {
  if (UNUSABLE.test(value)) throw new DirectiveError(name);
  return PLAIN.test(value) ? value : `"${value}"`;
}
