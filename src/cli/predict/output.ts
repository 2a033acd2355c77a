/** What `predict` leaves on disk for every picture. */

import { mkdir } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import type { Domain } from '../../data/datasets.js';
import type { ScoreMap } from '../../detect/share_map.js';
import { drawContour, overlay, rangeOf, resizeMap, thresholdMap, toGray8 } from '../../eval/heatmap.js';
import { encodeNpy } from '../../eval/npy.js';
import { toWrite, writeSafetensors } from '../../io/safetensors_writer.js';
import { rawF32 } from '../../io/tensor_file.js';
import { writeAtomically } from '../../node/atomic_write.js';
import { encodePng } from '../../node/encode_png.js';
import type { Picture } from '../../picture/picture.js';

export interface OutputOptions {
  readonly folder: string;
  readonly heatmap: boolean;
  readonly grey: boolean;
  readonly raw?: 'npy' | 'safetensors' | undefined;
  readonly range: 'fixed' | 'image';
  readonly pixelThreshold?: number | undefined;
}

export interface Prediction {
  readonly image: string;
  readonly score: number;
  /** Of the detection token. */
  readonly imageScore: number;
  /** The map's largest share and where it is, in the picture's own pixels. */
  readonly peak: { readonly value: number; readonly x: number; readonly y: number };
  /** Range of the summed map. */
  readonly sum: { readonly min: number; readonly max: number };
  readonly files: readonly string[];
  readonly ms: number;
}

export class Outputs {
  readonly #options: OutputOptions;
  readonly #stems: ReadonlyMap<string, string>;

  /** Plans a name for every picture: its path below what all have in common, kept apart where two would meet. */
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

  async write(
    picture: Picture,
    sum: ScoreMap,
    share: ScoreMap,
    imageScore: number,
    domain: Domain,
    ms: number,
  ): Promise<Prediction> {
    const { heatmap, grey, raw, range, pixelThreshold } = this.#options;
    const stem = this.#stems.get(picture.name) ?? join(this.#options.folder, basename(picture.name));
    await mkdir(dirname(stem), { recursive: true });
    const files: string[] = [];
    const put = async (suffix: string, bytes: Parameters<typeof writeAtomically>[1]): Promise<void> => {
      await writeAtomically(stem + suffix, bytes);
      files.push(stem + suffix);
    };
    const { lo, hi } = range === 'image' ? rangeOf(share) : { lo: 0, hi: 1 };
    const { width, height } = picture;
    if (heatmap) {
      const rgb = overlay(picture, share, lo, hi);
      if (pixelThreshold !== undefined) {
        drawContour(rgb, width, height, thresholdMap(share, width, height, pixelThreshold));
      }
      await put('.heatmap.png', encodePng(width, height, rgb));
    }
    if (grey) await put('.map.png', encodePng(width, height, toGray8(resizeMap(share, width, height), lo, hi)));
    if (pixelThreshold !== undefined) {
      const mask = thresholdMap(share, width, height, pixelThreshold).map((v) => (v ? 255 : 0));
      await put('.mask.png', encodePng(width, height, mask));
    }
    const shape = [sum.height, sum.width];
    if (raw === 'npy') await put('.npy', encodeNpy(shape, sum.data));
    if (raw === 'safetensors') {
      await put('.safetensors', writeSafetensors([toWrite('map', rawF32(shape, sum.data))], { image: picture.name }));
    }
    const peak = peakOf(share, width, height);
    const score = domain === 'Medical' ? peak.value : 0.5 * peak.value + 0.5 * imageScore;
    const own = rangeOf(sum);
    return { image: picture.name, score, imageScore, peak, sum: { min: own.lo, max: own.hi }, files, ms };
  }
}

function peakOf(map: ScoreMap, width: number, height: number): Prediction['peak'] {
  let at = 0;
  map.data.forEach((v, i) => {
    if (v > map.data[at]!) at = i;
  });
  const scale = (place: number, from: number, to: number): number =>
    Math.min(to - 1, Math.floor(((place + 0.5) / from) * to));
  return {
    value: map.data[at]!,
    x: scale(at % map.width, map.width, width),
    y: scale(Math.floor(at / map.width), map.height, height),
  };
}

/** The deepest folder all paths lie in. */
function commonFolder(folders: readonly string[]): string {
  let common = folders[0] ?? '.';
  for (const f of folders) {
    while (relative(common, f).startsWith('..')) common = dirname(common);
  }
  return common;
}
