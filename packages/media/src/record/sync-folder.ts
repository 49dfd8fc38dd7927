import { open } from 'node:fs/promises';

/** Makes the names in a folder last over a loss of power (`fsync` of the folder, which Windows neither has nor needs). */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
