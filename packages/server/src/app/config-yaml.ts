import { isMap, isPair, isScalar, LineCounter, parseDocument, type ParsedNode } from 'yaml';
import { CONFIG_PATHS, SHORTHANDS } from './config-keys.ts';
import { keysByPath, sectionPaths, type SourceResult, unknown } from './config-sources.ts';

/** Reads kaibo.yaml's text; every complaint carries line and column. */
export function readYaml(file: string, text: string): SourceResult {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const result: SourceResult = { settings: [], errors: [], warnings: [] };
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  for (const error of document.errors) result.errors.push(`${at(error.pos[0])} ${error.message}`);
  if (result.errors.length > 0 || document.contents === null) return result;
  const root = document.contents;
  if (isScalar(root) && root.value === null) return result;
  if (!isMap(root)) {
    result.errors.push(`${at(0)} expected a map of settings`);
    return result;
  }
  walk(root, []);
  return result;

  function walk(map: ParsedNode, parents: string[]): void {
    if (!isMap(map)) return;
    for (const pair of map.items) {
      if (!isPair(pair) || !isScalar(pair.key)) continue;
      const path = [...parents, String(pair.key.value)].join('.');
      const keyOffset = pair.key.range?.[0] ?? 0;
      const value = pair.value as ParsedNode | null;
      // A section whose keys are all commented out is null in YAML.
      const isEmpty = value === null || (isScalar(value) && value.value === null);
      if (sectionPaths.has(path)) {
        const shorthand = SHORTHANDS.get(path);
        if (isEmpty) continue;
        if (isMap(value)) walk(value, path.split('.'));
        else if (shorthand !== undefined) add(shorthand, path, value);
        else result.errors.push(`${at(value.range[0])} ${path}: expected a section with keys of its own`);
      } else if (keysByPath.has(path)) {
        if (!isEmpty) add(path, path, value);
      } else {
        result.errors.push(`${at(keyOffset)} ${unknown(path, CONFIG_PATHS, 'key')}`);
      }
    }
  }

  function add(path: string, shownPath: string, value: ParsedNode): void {
    result.settings.push({ path, where: `${at(value.range[0])} ${shownPath}`, value: value.toJS(document) as unknown });
  }
}
