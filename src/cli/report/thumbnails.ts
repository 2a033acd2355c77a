/** Small copies of drawn pictures, inside the page itself. */
import { existsSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { loadPicture } from '../../node/decode.js';
import { encodeJpeg } from '../../node/encode_jpeg.js';
import { resizeOnHost } from '../../picture/host_resize.js';
import { exampleNames } from '../test_adapters/draw_class.js';
import type { ReportedClass } from './kept_results.js';
import { html, type Markup } from './markup.js';

/** Longest side, and JPEG quality. */
const SIDE = 200;
const QUALITY = 72;
const KINDS = ['picture', 'mask', 'overlay'] as const;

/** A `data:` address of a picture, at most `SIDE` pixels long. */
async function thumbnail(
  path: string,
): Promise<{ readonly uri: string; readonly width: number; readonly height: number }> {
  const picture = await loadPicture(path);
  const fit = Math.min(1, SIDE / Math.max(picture.width, picture.height));
  const [width, height] = [picture.width, picture.height].map((n) => Math.max(1, Math.round(n * fit))) as [
    number,
    number,
  ];
  const data = await encodeJpeg({ width, height, data: resizeOnHost(picture, width, height) }, QUALITY);
  return { uri: `data:image/jpeg;base64,${Buffer.from(data).toString('base64')}`, width, height };
}

/**
 * A picture of a class that `--visualize` drew, its mask and its map laid over it; undefined where they are not there any more.
 * @param folder of the results; `written` is its name when they were written, which the paths in the results begin with
 * @param place of the picture in the class
 */
export async function drawnPicture(
  { className, behind }: ReportedClass,
  place: number,
  { folder, written }: { readonly folder: string; readonly written: string },
): Promise<Markup | undefined> {
  if (behind?.sheet === undefined) return undefined;
  const pictures = behind.pictures.map((p) => ({ imagePath: p.path }));
  const name = exampleNames(className, pictures)[place]!;
  const beside = join(folder, relative(written, dirname(behind.sheet)));
  const shown: Markup[] = [];
  for (const kind of KINDS) {
    const path = join(beside, `${name}_${kind}.png`);
    if (!existsSync(path)) return undefined;
    try {
      const { uri, width, height } = await thumbnail(path);
      shown.push(
        html`<img src="${uri}" width="${width}" height="${height}" alt="${kind} of ${basename(behind.pictures[place]!.path)}">`,
      );
    } catch {
      // The page is complete without a picture that is broken by now.
      return undefined;
    }
  }
  return html`<div class="drawn">${shown}</div>`;
}
