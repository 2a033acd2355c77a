/** The pictures of a tested class: four files a sample, and one sheet. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sample } from '../../data/metadata.js';
import { chooseExamples, drawExample, exampleSheet, type SheetRow } from '../../eval/example.js';
import type { ScoreRange } from '../../eval/heatmap.js';
import { writeAtomically } from '../../node/atomic_write.js';
import { encodePng } from '../../node/encode_png.js';
import { fileError } from '../../node/file_error.js';
import type { Loader } from '../../node/loader.js';
import type { MapFile } from './map_file.js';

/** Parts of a path that can be put together to one inside a folder: none of them leads out of it. */
export function safeParts(path: string): string[] {
  const parts = path.split(/[\\/]+/).filter((p) => p !== '' && p !== '.' && p !== '..');
  // What some file systems refuse in names.
  return parts.map((p) => p.replaceAll(/[<>:"|?*]/g, '_'));
}

/** A name for each sample's files: its path below the class's folder, joined; told apart where two would meet. */
export function exampleNames(className: string, samples: readonly Sample[]): string[] {
  const taken = new Set<string>();
  const folder = safeParts(className).join('/');
  return samples.map(({ imagePath }) => {
    const path = safeParts(imagePath.replace(/\.[^./\\]+$/, '')).join('/');
    const inside = path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
    const stem = inside.replaceAll('/', '_');
    let name = stem;
    for (let n = 2; taken.has(name); n++) name = `${stem}_${n}`;
    taken.add(name);
    return name;
  });
}

export interface DrawnClass {
  readonly className: string;
  /** Of the class, in the order of `places`. */
  readonly samples: readonly Sample[];
  /** Place of each sample in the loader's list. */
  readonly places: readonly number[];
  /** Scores of the lowest and the highest colour, those of the whole class. */
  readonly range: ScoreRange;
}

/**
 * Draws a class.
 * @param maps by the samples' order in the class
 * @param size side of the maps; pictures are drawn at most that long
 * @param onDrawn called after each picture
 * @returns path of the sheet
 */
export async function drawClass(
  folder: string,
  { className, samples, places, range }: DrawnClass,
  maps: MapFile,
  loader: Loader,
  size: number,
  onDrawn: () => void,
): Promise<string> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw fileError(folder, 'write', error);
  });
  const names = exampleNames(className, samples);
  const chosen = new Set(chooseExamples(samples.map((s) => s.label)));
  const rows: SheetRow[] = [];
  let i = 0;
  for await (const [loaded] of loader.batches(places.map((p) => [p]))) {
    const data = await maps.get(i);
    const example = drawExample(loaded!.picture, loaded!.mask, { width: size, height: size, data }, range, size);
    for (const [kind, { width, height, data: rgb }] of Object.entries(example)) {
      await writeAtomically(join(folder, `${names[i]}_${kind}.png`), encodePng(width, height, rgb));
    }
    if (chosen.has(i)) {
      const top = data.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
      const peak = range.hi > range.lo ? (top - range.lo) / (range.hi - range.lo) : 0;
      rows.push({ name: names[i]!, example, peak });
    }
    onDrawn();
    i++;
  }
  const { width, height, data } = exampleSheet(rows, range);
  const path = join(folder, 'sheet.png');
  await writeAtomically(path, encodePng(width, height, data));
  return path;
}
