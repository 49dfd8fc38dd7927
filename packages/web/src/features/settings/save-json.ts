import { saveFile } from '../../save-file.ts';

/** Gives the browser a file to save. */
export function saveJson(name: string, data: unknown): void {
  saveFile(name, new Blob([JSON.stringify(data, null, 2)], { type: 'application/json' }));
}
