/** The pictures of a data set, and their paths in MVTec's layout. */
import { CLASSES, findClass } from './classes.js';
import type { Setup } from './compose.js';
import type { DefectKind } from './defects/index.js';
import { hashOf, Rng } from './rng.js';
import { defectsOf, type SampleSpec } from './sample.js';

export interface DatasetSpec {
  readonly classes: readonly string[];
  /** Normal pictures per class under train/good. */
  readonly train: number;
  /** Normal pictures per class under test/good. */
  readonly normal: number;
  /** Faulty pictures per class; kinds of defect take turns. */
  readonly anomalous: number;
  readonly size: number;
  readonly seed: number;
  /** How they are taken; `any` by default. */
  readonly setup?: Setup;
}

export interface PlannedPicture {
  readonly sample: SampleSpec;
  /** Relative to the data set's folder. */
  readonly imagePath: string;
  readonly maskPath?: string;
  /** Whether the list of test pictures names it. */
  readonly listed: boolean;
}

/** Classes from a comma-separated list of names; also "all", "textures" and "objects". */
export function classNames(list: string): string[] {
  const names = list.split(',').flatMap((word) => {
    const name = word.trim();
    if (name === 'all') return CLASSES.map((info) => info.name);
    if (name === 'textures') return CLASSES.filter((info) => info.kind === 'texture').map((info) => info.name);
    if (name === 'objects') return CLASSES.filter((info) => info.kind === 'object').map((info) => info.name);
    return [findClass(name).name];
  });
  return [...new Set(names)];
}

/** All pictures of a data set. A class's pictures do not depend on which other classes there are. */
export function planDataset(spec: DatasetSpec): PlannedPicture[] {
  return spec.classes.flatMap((className) => {
    const seedOf = (...label: (string | number)[]) => hashOf(spec.seed, className, ...label);
    const picture = (folder: string, index: number, number: number, defect: DefectKind | 'none'): PlannedPicture => {
      const stem = String(number).padStart(3, '0');
      return {
        sample: { className, seed: seedOf(folder, index), size: spec.size, defect, setup: spec.setup ?? 'any' },
        imagePath: `${className}/${folder}/${stem}.png`,
        ...(defect === 'none' ? {} : { maskPath: `${className}/ground_truth/${defect}/${stem}_mask.png` }),
        listed: folder !== 'train/good',
      };
    };
    const kinds = new Rng(seedOf('kinds')).shuffled(defectsOf(className));
    const drawn = new Map<DefectKind, number>();
    const anomalous = Array.from({ length: spec.anomalous }, (_, i) => {
      const kind = kinds[i % kinds.length] as DefectKind;
      const number = drawn.get(kind) ?? 0;
      drawn.set(kind, number + 1);
      return picture(`test/${kind}`, i, number, kind);
    });
    return [
      ...Array.from({ length: spec.train }, (_, i) => picture('train/good', i, i, 'none')),
      ...Array.from({ length: spec.normal }, (_, i) => picture('test/good', i, i, 'none')),
      ...anomalous,
    ];
  });
}

/** The published list of test pictures: one JSON object per line. */
export function metadataOf(pictures: readonly PlannedPicture[]): string {
  return pictures
    .filter((picture) => picture.listed)
    .map(({ imagePath, maskPath, sample }) => {
      const row = { image_path: imagePath, label: maskPath ? 1 : 0, class_name: sample.className };
      return `${JSON.stringify(maskPath ? { ...row, mask_path: maskPath } : row)}\n`;
    })
    .join('');
}
