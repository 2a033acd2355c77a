/** What `predict` leaves on disk and prints for every picture. */
import { mkdir } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import type { Detection } from '../../detect/detection.js';
import type { LoadedClass } from '../../detect/detector.js';
import { drawContour, overlay, rangeOf, resizeMap, thresholdMap, toGray8 } from '../../eval/heatmap.js';
import { encodeNpy } from '../../eval/npy.js';
import { toWrite, writeSafetensors } from '../../io/safetensors_writer.js';
import { rawF32 } from '../../io/tensor_file.js';
import { writeAtomically } from '../../node/atomic_write.js';
import { encodePng } from '../../node/encode_png.js';

export interface OutputOptions {
  readonly folder: string;
  readonly heatmap: boolean;
  readonly grey: boolean;
  readonly raw?: 'npy' | 'safetensors' | undefined;
  readonly range: 'fixed' | 'image';
  readonly pixelThreshold?: number | undefined;
}

export class Outputs {
  readonly #options: OutputOptions;
  readonly #stems: ReadonlyMap<string, string>;

  /** Plans a name for every picture: its path below the folder they all share, made unique where two would clash. */
  constructor(paths: readonly string[], options: OutputOptions) {
    this.#options = options;
    const root = commonFolder(paths.map((p) => dirname(resolve(p))));
    const short = paths.map((p) => {
      const inside = relative(root, resolve(p));
      return inside.slice(0, inside.length - extname(inside).length);
    });
    this.#stems = new Map(
      paths.map((p, i) => {
        const taken = short.filter((s) => s === short[i]).length > 1;
        return [p, join(options.folder, taken ? short[i]! + extname(p) : short[i]!)];
      }),
    );
  }

  /** Writes a picture's files; returns the paths. */
  async write({ picture, map, sum }: Detection): Promise<string[]> {
    const { heatmap, grey, raw, range, pixelThreshold } = this.#options;
    const stem = this.#stems.get(picture.name) ?? join(this.#options.folder, basename(picture.name));
    await mkdir(dirname(stem), { recursive: true });
    const files: string[] = [];
    const put = async (suffix: string, bytes: Parameters<typeof writeAtomically>[1]): Promise<void> => {
      await writeAtomically(stem + suffix, bytes);
      files.push(stem + suffix);
    };
    const { lo, hi } = range === 'image' ? rangeOf(map) : { lo: 0, hi: 1 };
    const { width, height } = picture;
    if (heatmap) {
      const rgb = overlay(picture, map, lo, hi);
      if (pixelThreshold !== undefined) {
        drawContour(rgb, width, height, thresholdMap(map, width, height, pixelThreshold));
      }
      await put('.heatmap.png', encodePng(width, height, rgb));
    }
    if (grey) await put('.map.png', encodePng(width, height, toGray8(resizeMap(map, width, height), lo, hi)));
    if (pixelThreshold !== undefined) {
      const mask = thresholdMap(map, width, height, pixelThreshold).map((v) => (v ? 255 : 0));
      await put('.mask.png', encodePng(width, height, mask));
    }
    const shape = [sum.height, sum.width];
    if (raw === 'npy') await put('.npy', encodeNpy(shape, sum.data));
    if (raw === 'safetensors') {
      await put('.safetensors', writeSafetensors([toWrite('map', rawF32(shape, sum.data))], { image: picture.name }));
    }
    return files;
  }
}

/** A picture's line on the screen. */
export function textLine(d: Detection, files: readonly string[], threshold: number | undefined): string {
  const verdict = threshold === undefined ? '' : d.score >= threshold ? '  ANOMALOUS' : '  normal';
  const where = files[0] ? `  -> ${files[0]}` : '';
  const { value, x, y } = d.peak;
  return `${d.score.toFixed(4)}  peak ${value.toFixed(4)} at ${x},${y}${verdict}  ${d.name}${where}`;
}

/** A picture's line of `--json`. */
export function jsonLine(
  d: Detection,
  files: readonly string[],
  { words, unknownWords }: LoadedClass,
  adapted: boolean,
  threshold: number | undefined,
): string {
  const { lo: min, hi: max } = rangeOf(d.sum);
  return JSON.stringify({
    image: d.name,
    class: d.className,
    prompt_name: words,
    ...(unknownWords.length === 0 ? {} : { unknown_words: unknownWords }),
    adapted,
    score: d.score,
    image_score: d.imageScore,
    peak: d.peak,
    map_sum: { min, max },
    ...(threshold === undefined ? {} : { threshold, anomalous: d.score >= threshold }),
    files,
    ms: Math.round(d.ms),
  });
}

/** The deepest folder all paths lie in. */
function commonFolder(folders: readonly string[]): string {
  let common = folders[0] ?? '.';
  for (const f of folders) {
    while (relative(common, f).startsWith('..')) common = dirname(common);
  }
  return common;
}
