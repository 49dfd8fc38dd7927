// Carries out a Dockerfile's stages in folders of this machine, for there is no engine here: the same COPY, the same RUN.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, globSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, matchesGlob, relative, resolve } from 'node:path';
import { DockerfileParser, ModifiableInstruction, type Instruction } from 'dockerfile-ast';

export const ROOT = resolve(import.meta.dirname, '../..');

export interface Step {
  keyword: string;
  /** As written, with line continuations joined. */
  text: string;
  /** `--from=…` and the like. */
  flags: Readonly<Record<string, string>>;
  words: readonly string[];
}

export interface Stage {
  name: string;
  from: string;
  steps: readonly Step[];
}

/** The stages of a Dockerfile, in order. */
export function stagesOf(file: string): Stage[] {
  const stages: { name: string; from: string; steps: Step[] }[] = [];
  for (const instruction of DockerfileParser.parse(readFileSync(file, 'utf8')).getInstructions()) {
    const step = stepOf(instruction);
    if (step.keyword === 'FROM') {
      const [from = '', , name = ''] = step.words;
      stages.push({ name, from, steps: [] });
    } else stages.at(-1)?.steps.push(step);
  }
  return stages;
}

function stepOf(instruction: Instruction): Step {
  const text = (instruction.getRawArgumentsContent() ?? '').replaceAll(/\\\n\s*/g, '');
  const flags = instruction instanceof ModifiableInstruction ? instruction.getFlags() : [];
  return {
    keyword: instruction.getKeyword(),
    text,
    flags: Object.fromEntries(flags.map((flag) => [flag.getName(), flag.getValue() ?? ''])),
    words: text.split(/\s+/).filter((word) => word !== ''),
  };
}

/** Whether `.dockerignore` lets a path of the checkout into the build; the last line that fits counts. */
export function isSent(path: string, rules = ignoreRules()): boolean {
  const parents = visible(path)
    .split('/')
    .map((_, index, parts) => parts.slice(0, index + 1).join('/'));
  let sent = true;
  for (const { pattern, isException } of rules)
    if (parents.some((parent) => matchesGlob(parent, pattern))) sent = isException;
  return sent;
}

function ignoreRules(): { pattern: string; isException: boolean }[] {
  return readFileSync(join(ROOT, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ pattern: visible(line.replace(/^!/, '')), isException: line.startsWith('!') }));
}

/** A `*` of Docker's means names that begin with a dot too. */
function visible(path: string): string {
  return path.replaceAll(/(?<=^|\/)\./g, 'dot-');
}

/** What a COPY of the build's own files names that is there and sent. */
export function sourcesOf({ words }: Step): { path: string; found: string[] }[] {
  return words.slice(0, -1).map((path) => ({
    path,
    found: globSync(path.replace(/\/$/, ''), { cwd: ROOT }).filter((name) => isSent(name)),
  }));
}

/**
 * Does what the stage says: WORKDIR and COPY in the folder `place(stage)`, which stands for the image's root, RUN by a
 * shell there.
 */
export async function carryOut(stage: Stage, { place }: { place: (stage: string) => string }): Promise<void> {
  let work = place(stage.name);
  for (const step of stage.steps) {
    if (step.keyword === 'WORKDIR') {
      work = join(place(stage.name), step.words[0] ?? '');
      mkdirSync(work, { recursive: true });
    } else if (step.keyword === 'COPY') copy(step, { place, work, root: place(stage.name) });
    else if (step.keyword === 'RUN') await run(step.text, work);
  }
}

function copy(
  step: Step,
  { place, work, root }: { place: (stage: string) => string; work: string; root: string },
): void {
  const target = step.words.at(-1) ?? '';
  const to = target.startsWith('/') ? join(root, target) : join(work, target);
  const from = step.flags['from'] === undefined ? ROOT : place(step.flags['from']);
  const rules = ignoreRules();
  for (const source of step.words.slice(0, -1)) {
    const path = join(from, source);
    const isInto = step.words.length > 2 || target.endsWith('/');
    const isFolder = statSync(path).isDirectory();
    cpSync(path, isFolder || !isInto ? to : join(to, basename(path)), {
      recursive: true,
      // Links between the packages stay links.
      verbatimSymlinks: true,
      filter: (name) => from !== ROOT || isSent(relative(ROOT, name), rules),
    });
  }
}

async function run(command: string, cwd: string): Promise<void> {
  // What npm has fetched once for this checkout need not come again.
  const env = { ...process.env, npm_config_prefer_offline: 'true' };
  const child = spawn('/bin/sh', ['-c', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command}\nended with ${code}:\n${output.slice(-4000)}`);
}
