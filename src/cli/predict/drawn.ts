/** What `predict` says of a picture, and the files it draws, apart from where they go. */
import type { Detection } from '../../detect/detection.js';
import type { LoadedClass } from '../../detect/detector.js';
import type { DetectorSettings } from '../../detect/open_model.js';
import { withLegend } from '../../eval/heat_legend.js';
import { drawContour, overlay, rangeOf, resizeMap, thresholdMap, toGray8 } from '../../eval/heatmap.js';
import { type MapRegion, mapRegions } from '../../eval/map_regions.js';
import { encodeNpy } from '../../eval/npy.js';
import { toWrite, writeSafetensors } from '../../io/safetensors_writer.js';
import { rawF32 } from '../../io/tensor_file.js';
import { encodePng } from '../../node/encode_png.js';
import { markOwn } from '../../node/own_pictures.js';
import { markedBy } from '../marked.js';
import { type Verdict, verdictOf } from '../verdict.js';
import { type RangeKind, shownMap } from './colours.js';
import type { PredictFlags } from './flags.js';

export interface DrawOptions {
  readonly heatmap: boolean;
  readonly grey: boolean;
  readonly raw?: 'npy' | 'safetensors' | undefined;
  readonly range: RangeKind;
  /** Whether heatmaps have a strip below that explains their colours. */
  readonly legend: boolean;
  readonly pixelThreshold?: number | undefined;
}

export interface DrawnFile {
  /** What its name ends in, after the picture's own. */
  readonly suffix: string;
  readonly bytes: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** The files of a picture, one after the other. */
export function* drawnFiles(detection: Detection, options: DrawOptions): Generator<DrawnFile, void, undefined> {
  const { picture, sum, decision } = detection;
  const { heatmap, grey, raw, range, legend, pixelThreshold } = options;
  const marked = markedBy(detection, pixelThreshold);
  const png = (suffix: string, width: number, height: number, pixels: Uint8Array): DrawnFile => {
    return { suffix, bytes: markOwn(encodePng(width, height, pixels)) };
  };
  const { width, height } = picture;
  const mask = marked && thresholdMap(marked.map, width, height, marked.threshold);
  const shown = heatmap || grey ? shownMap(detection, range) : undefined;
  if (shown && heatmap) {
    const rgb = overlay(picture, shown.map, shown.lo, shown.hi);
    if (mask) drawContour(rgb, width, height, mask);
    const drawn = { width, height, data: rgb };
    const { data, ...size } = legend ? withLegend(drawn, shown.marks) : drawn;
    yield png('.heatmap.png', size.width, size.height, data);
  }
  if (shown && grey) {
    const resized = resizeMap(shown.map, width, height);
    yield png('.map.png', width, height, toGray8(resized, shown.lo, shown.hi));
  }
  if (mask) {
    const white = mask.map((v) => (v ? 255 : 0));
    yield png('.mask.png', width, height, white);
  }
  const shape = [sum.height, sum.width];
  const evidence = decision.source === 'calibration' && raw !== undefined ? decision.evidence.map() : undefined;
  if (raw === 'npy') {
    yield { suffix: '.npy', bytes: encodeNpy(shape, sum.data) };
    if (evidence) yield { suffix: '.evidence.npy', bytes: encodeNpy(shape, evidence.data) };
  }
  if (raw === 'safetensors') {
    const maps = [
      toWrite('map', rawF32(shape, sum.data)),
      ...(evidence ? [toWrite('evidence', rawF32(shape, evidence.data))] : []),
    ];
    yield { suffix: '.safetensors', bytes: writeSafetensors(maps, { image: picture.name }) };
  }
}

/** What is said of a picture, by the names of `--json`, in their order but for the files. */
export interface PictureRecord {
  readonly image: string;
  readonly class: string;
  readonly prompt_name: string;
  readonly unknown_words?: readonly string[];
  readonly adapted: boolean;
  readonly method: string;
  readonly score: number;
  readonly normalized_score: number;
  readonly anomalous: boolean;
  readonly decided_by: Verdict['decidedBy'];
  readonly evidence: { readonly score: number; readonly threshold: number };
  readonly threshold?: number;
  readonly image_score: number;
  readonly peak: Detection['peak'];
  readonly map_sum: { readonly min: number; readonly max: number };
  readonly regions?: readonly MapRegion[];
  readonly ms: number;
}

export function recordOf(
  d: Detection,
  { words, unknownWords }: LoadedClass,
  { adapted, method }: Pick<DetectorSettings, 'adapted' | 'method'>,
  { threshold, pixel_threshold: reached, json }: Partial<Pick<PredictFlags, 'threshold' | 'pixel_threshold' | 'json'>>,
): PictureRecord {
  const { width, height } = d.picture;
  const { lo: min, hi: max } = rangeOf(d.sum);
  const { anomalous, decidedBy } = verdictOf(d, threshold);
  // Finding regions takes a while, and only --json lists them.
  const marked = json ? markedBy(d, reached) : undefined;
  return {
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
    ms: Math.round(d.ms),
  };
}
