/** The pictures of a tested class: four files for each sample, a list of them worst first, and one sheet. */
import { join } from 'node:path';
import type { Sample } from '../../data/metadata.js';
import type { ClassDetails } from '../../eval/class_details.js';
import { drawExample, exampleSheet, type SheetRow } from '../../eval/example.js';
import type { ScoreRange } from '../../eval/heatmap.js';
import { isWrong, type Judged, judged, worstAndBest } from '../../eval/picture_error.js';
import { writeAtomically } from '../../node/atomic_write.js';
import { encodePng } from '../../node/encode_png.js';
import type { Loader } from '../../node/loader.js';
import { makeFolder } from '../../node/make_folder.js';
import { fitName, foldName, MOST_BYTES } from '../../node/output_names.js';
import type { MapFile } from './map_file.js';

/** The parts of a path that are safe below a folder: they cannot lead out of it. */
export function safeParts(path: string): string[] {
  const parts = path.split(/[\\/]+/).filter((p) => p !== '' && p !== '.' && p !== '..');
  // Some file systems refuse these characters in names.
  return parts.map((p) => fitName(p.replaceAll(/[<>:"|?*]/g, '_'), MOST_BYTES));
}

/** Room for `_overlay.png` and a number. */
const ROOM = MOST_BYTES - 24;

/**
 * A name for each sample's files: its path below the class's folder with `_` for `/`, cut where it is too long for a file
 * system, and a number where names clash.
 */
export function exampleNames(className: string, samples: readonly Pick<Sample, 'imagePath'>[]): string[] {
  const taken = new Set<string>();
  const next = new Map<string, number>();
  const folder = safeParts(className).join('/');
  return samples.map(({ imagePath }) => {
    const path = safeParts(imagePath.replace(/\.[^./\\]+$/, '')).join('/');
    const inside = path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
    const stem = fitName(inside.replaceAll('/', '_'), ROOM);
    let name = stem;
    for (let n = next.get(stem) ?? 2; taken.has(foldName(name)); n++) {
      name = `${stem}_${n}`;
      next.set(stem, n + 1);
    }
    taken.add(foldName(name));
    return name;
  });
}

export interface DrawnClass {
  readonly className: string;
  /** The samples of the class, in the order of `places`. */
  readonly samples: readonly Sample[];
  /** Index of each sample in the loader's list. */
  readonly places: readonly number[];
  /** Scores of the lowest and the highest colour, taken from the whole class. */
  readonly range: ScoreRange;
  /** How the samples were scored, in the same order. */
  readonly details: ClassDetails;
  /** The samples' maps, in the same order. */
  readonly maps: MapFile;
}

export interface DrawOptions {
  /** Folder for the pictures; created if it is missing. */
  readonly folder: string;
  readonly loader: Loader;
  /** Pictures are drawn at most that long. */
  readonly size: number;
  /** Called after each picture. */
  readonly onDrawn: () => void;
}

/** Worst and best pictures on a sheet; of the best ones, the last number are good pictures. */
const [ON_SHEET, GOOD_ON_SHEET] = [4, 1];

/** What was decided about a picture, and why. */
function remarkOf({ verdict, score }: Judged, threshold: number | undefined): string {
  if (threshold === undefined) return `score ${score.toFixed(2)}`;
  const above = verdict === 'found' || verdict === 'false alarm';
  return `${verdict}: ${score.toFixed(2)} ${above ? '>=' : '<'} ${threshold.toFixed(2)}`;
}

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** The list of a class's pictures, worst first. */
function errorList(all: readonly Judged[], names: readonly string[], { samples, details }: DrawnClass): string {
  const lines = all.map(({ place, label, score, error, verdict }, i) => {
    const { peak } = details.results[place]!;
    const numbers = [score, error, peak].map((v) => v.toFixed(4));
    return [String(i + 1), verdict ?? '', String(label), ...numbers, names[place]!, samples[place]!.imagePath];
  });
  const head = ['rank', 'verdict', 'label', 'score', 'error', 'peak', 'files', 'image_path'];
  return [head, ...lines].map((line) => `${line.map(quoted).join(',')}\n`).join('');
}

/** Draws a class. @returns path of the sheet */
export async function drawClass(drawn: DrawnClass, options: DrawOptions): Promise<string> {
  const { className, samples, places, range, maps, details } = drawn;
  const { folder, loader, size, onDrawn } = options;
  makeFolder(folder);
  const names = exampleNames(className, samples);
  const threshold = details.figures.imageF1?.threshold;
  const all = judged(details.results, threshold);
  const { worst, best } = worstAndBest(all, ON_SHEET, GOOD_ON_SHEET);
  const chosen = new Map([...worst, ...best].map((one) => [one.place, one]));
  const rows = new Map<number, SheetRow>();
  let i = 0;
  for await (const [loaded] of loader.batches(places.map((p) => [p]))) {
    const map = await maps.get(i);
    const example = drawExample(loaded!.picture, loaded!.mask, map, range, size);
    const files = Object.entries(example).map(([kind, { width, height, data: rgb }]) =>
      writeAtomically(join(folder, `${names[i]}_${kind}.png`), encodePng(width, height, rgb)),
    );
    await Promise.all(files);
    const one = chosen.get(i);
    if (one) {
      const peak = range.hi > range.lo ? (details.results[i]!.peak - range.lo) / (range.hi - range.lo) : 0;
      const masked = loaded!.mask !== undefined;
      rows.set(i, { name: names[i]!, example, masked, peak, remark: remarkOf(one, threshold), wrong: isWrong(one) });
    }
    onDrawn();
    i++;
  }
  const part = (heading: string, pictures: readonly Judged[]) => ({
    heading,
    rows: pictures.map(({ place }) => rows.get(place)!),
  });
  const { width, height, data } = exampleSheet(
    [part(`Worst of ${className}`, worst), part(`Best of ${className}`, best)],
    range,
  );
  const path = join(folder, 'sheet.png');
  await writeAtomically(join(folder, 'worst_first.csv'), new TextEncoder().encode(errorList(all, names, drawn)));
  await writeAtomically(path, encodePng(width, height, data));
  return path;
}
