/** What `predict` leaves on disk and prints for every picture. */
import { dirname } from 'node:path';
import { printable } from '../../data/printable.js';
import type { Detection } from '../../detect/detection.js';
import type { LoadedClass } from '../../detect/detector.js';
import type { DetectorSettings } from '../../detect/open_model.js';
import { withLegend } from '../../eval/heat_legend.js';
import { drawContour, overlay, rangeOf, resizeMap, thresholdMap, toGray8 } from '../../eval/heatmap.js';
import { mapRegions } from '../../eval/map_regions.js';
import { encodeNpy } from '../../eval/npy.js';
import { toWrite, writeSafetensors } from '../../io/safetensors_writer.js';
import { rawF32 } from '../../io/tensor_file.js';
import { writeAtomically } from '../../node/atomic_write.js';
import { encodePng } from '../../node/encode_png.js';
import { makeFolder } from '../../node/make_folder.js';
import { outputNames } from '../../node/output_names.js';
import { markOwn, pictureAt } from '../../node/own_pictures.js';
import { markedBy } from '../marked.js';
import { verdictOf } from '../verdict.js';
import { type RangeKind, shownMap } from './colours.js';
import type { PredictFlags } from './flags.js';

export interface OutputOptions {
  readonly folder: string;
  readonly heatmap: boolean;
  readonly grey: boolean;
  readonly raw?: 'npy' | 'safetensors' | undefined;
  readonly range: RangeKind;
  /** Whether heatmaps have a strip below that explains their colours. */
  readonly legend: boolean;
  readonly pixelThreshold?: number | undefined;
  /** Whether there may be a calibration, by which masks are made. */
  readonly calibrated?: boolean | undefined;
}

/** What was written for a picture, and what ended the writing where not all of it was. */
export interface Written {
  readonly files: readonly string[];
  readonly error?: Error;
}

export class Outputs {
  readonly #options: OutputOptions;
  readonly #stems: ReadonlyMap<string, string>;

  /** Plans a name for every picture. */
  constructor(paths: readonly string[], options: OutputOptions) {
    this.#options = options;
    const { folder, heatmap, grey, raw, pixelThreshold, calibrated = false } = options;
    const suffixes = [
      ...(heatmap ? ['.heatmap.png'] : []),
      ...(grey ? ['.map.png'] : []),
      ...(pixelThreshold === undefined && !calibrated ? [] : ['.mask.png']),
      ...(raw === undefined ? [] : [`.${raw}`]),
      ...(raw === 'npy' && calibrated ? ['.evidence.npy'] : []),
    ];
    const isForeign = (path: string): boolean => path.endsWith('.png') && pictureAt(path) === 'foreign';
    const names = outputNames(paths, { folder, suffixes, isForeign });
    this.#stems = new Map(paths.map((path, i) => [path, names[i]!]));
  }

  /** Writes a picture's files. */
  async write(detection: Detection): Promise<Written> {
    const files: string[] = [];
    try {
      await this.#write(detection, files);
      return { files };
    } catch (error) {
      return { files, error: error instanceof Error ? error : new Error(String(error)) };
    }
  }

  async #write(detection: Detection, files: string[]): Promise<void> {
    const { picture, sum, decision } = detection;
    const { heatmap, grey, raw, range, legend, pixelThreshold } = this.#options;
    const stem = this.#stems.get(picture.name)!;
    const marked = markedBy(detection, pixelThreshold);
    if (heatmap || grey || raw !== undefined || marked) makeFolder(dirname(stem));
    const put = async (suffix: string, bytes: Parameters<typeof writeAtomically>[1]): Promise<void> => {
      await writeAtomically(stem + suffix, bytes);
      files.push(stem + suffix);
    };
    const putPng = (suffix: string, width: number, height: number, pixels: Uint8Array): Promise<void> =>
      put(suffix, markOwn(encodePng(width, height, pixels)));
    const { width, height } = picture;
    const mask = marked && thresholdMap(marked.map, width, height, marked.threshold);
    const shown = heatmap || grey ? shownMap(detection, range) : undefined;
    if (shown && heatmap) {
      const rgb = overlay(picture, shown.map, shown.lo, shown.hi);
      if (mask) drawContour(rgb, width, height, mask);
      const drawn = { width, height, data: rgb };
      const { data, ...size } = legend ? withLegend(drawn, shown.marks) : drawn;
      await putPng('.heatmap.png', size.width, size.height, data);
    }
    if (shown && grey) {
      const resized = resizeMap(shown.map, width, height);
      await putPng('.map.png', width, height, toGray8(resized, shown.lo, shown.hi));
    }
    if (mask) {
      const white = mask.map((v) => (v ? 255 : 0));
      await putPng('.mask.png', width, height, white);
    }
    const shape = [sum.height, sum.width];
    const evidence = decision.source === 'calibration' && raw !== undefined ? decision.evidence.map() : undefined;
    if (raw === 'npy') {
      await put('.npy', encodeNpy(shape, sum.data));
      if (evidence) await put('.evidence.npy', encodeNpy(shape, evidence.data));
    }
    if (raw === 'safetensors') {
      const maps = [
        toWrite('map', rawF32(shape, sum.data)),
        ...(evidence ? [toWrite('evidence', rawF32(shape, evidence.data))] : []),
      ];
      await put('.safetensors', writeSafetensors(maps, { image: picture.name }));
    }
  }
}

/** A picture's line on the screen; it begins with the score on the scale of the decision. */
export function textLine(d: Detection, { files }: Written, threshold: number | undefined): string {
  const verdict = verdictOf(d, threshold).anomalous ? 'ANOMALOUS' : 'normal   ';
  const where = files[0] ? `  -> ${printable(files[0])}` : '';
  const { value, x, y } = d.peak;
  const scores = `score ${d.score.toFixed(4)}  peak ${value.toFixed(4)} at ${x},${y}`;
  return `${d.decision.score.toFixed(2)}  ${verdict}  ${scores}  ${printable(d.name)}${where}`;
}

/** A picture's line of `--json`. */
export function jsonLine(
  d: Detection,
  { files, error }: Written,
  { words, unknownWords }: LoadedClass,
  { adapted, method }: Pick<DetectorSettings, 'adapted' | 'method'>,
  { threshold, pixel_threshold: reached }: Partial<Pick<PredictFlags, 'threshold' | 'pixel_threshold'>>,
): string {
  const { width, height } = d.picture;
  const { lo: min, hi: max } = rangeOf(d.sum);
  const { anomalous, decidedBy } = verdictOf(d, threshold);
  const marked = markedBy(d, reached);
  return JSON.stringify({
    image: d.name,
    class: d.className,
    prompt_name: words,
    ...(unknownWords.length === 0 ? {} : { unknown_words: unknownWords }),
    adapted,
    method,
    score: d.score,
    normalized_score: d.decision.score,
    anomalous,
    decided_by: decidedBy,
    evidence: { score: d.decision.evidence.score, threshold: d.decision.evidence.threshold },
    ...(threshold === undefined ? {} : { threshold }),
    image_score: d.imageScore,
    peak: d.peak,
    map_sum: { min, max },
    ...(marked ? { regions: mapRegions(marked.map, marked.threshold, width, height) } : {}),
    files,
    ...(error === undefined ? {} : { error: error.message }),
    ms: Math.round(d.ms),
  });
}
