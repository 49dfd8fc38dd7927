// Draws the app's icons, which are committed, from the seal in packages/web/public/favicon.svg: `node tools/make-icons.mjs`.
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const sharp = createRequire(join(root, 'packages/server/package.json'))('sharp');
const web = join(root, 'packages/web/public');
const seal = readFileSync(join(web, 'favicon.svg'), 'utf8');
/** To the edges, with the character in the middle 80 % that every mask leaves. */
const filled = seal
  .replace(/<rect [^>]*>/, '<rect x="-8" y="-8" width="48" height="48" fill="#d63c22" />')
  .replace('viewBox="0 0 32 32"', 'viewBox="-3 -3 38 38"');
const ICONS = [
  ['icon-192.png', seal, 192],
  ['icon-512.png', seal, 512],
  ['maskable-512.png', filled, 512],
  ['apple-touch-icon.png', filled, 180],
];

mkdirSync(join(web, 'icons'), { recursive: true });
for (const [name, svg, sizePx] of ICONS)
  await sharp(Buffer.from(svg), { density: (72 * sizePx) / 32 })
    .resize(sizePx, sizePx)
    .png({ compressionLevel: 9, palette: true })
    .toFile(join(web, 'icons', name));
