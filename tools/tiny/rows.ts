/**
 * The figures of the embedded model on classes its adapters were not trained on, compared with two baselines: the tiny
 * CLIP without adapters, and how far a patch's features lie from the mean of its picture.
 */
import { average } from '#src/eval/average';
import { type ClassFigures, ClassScores, type Figures } from '#src/eval/metrics';
import type { Gpu } from '#src/node/node';
import { findClass } from '../pictures/index.js';
import { heldOutPictures, type TestPicture } from './held_out.js';
import { distanceScorer, modelScorer, type Scorer } from './scorers.js';

/** Means over all classes, and over each kind. */
export interface Row extends Figures {
  readonly textures: Figures;
  readonly objects: Figures;
}

export interface Rows {
  readonly adapted: Row;
  readonly plain: Row;
  readonly distance: Row;
}

/**
 * Pixel and image AUROC and average precision in per cent, averaged over the classes; `aaclip test` gives the same.
 * @param pictures class by class
 */
async function figures(pictures: readonly TestPicture[], score: Scorer): Promise<Row> {
  const names = [...new Set(pictures.map((p) => p.className))];
  const classes = names.map((name) => pictures.filter((p) => p.className === name));
  const rows: ClassFigures[] = [];
  let coming = score(classes[0]!);
  for (const [c, own] of classes.entries()) {
    const scored = await coming;
    // The device scores the next class while this one is counted.
    if (c + 1 < classes.length) {
      coming = score(classes[c + 1]!);
      coming.catch(() => undefined);
    }
    const scores = new ClassScores('Industrial');
    own.forEach(({ mask, label }, i) => {
      const { map, score: image } = scored[i]!;
      scores.add(map, mask, label, image);
    });
    rows.push(scores.figures());
  }
  const mean = (kind: 'texture' | 'object') => average(rows.filter((_, i) => findClass(names[i]!).kind === kind));
  return { ...average(rows), textures: mean('texture'), objects: mean('object') };
}

/**
 * The three rows of a model.
 * @param folder holds clip, text_adapter and image_adapter
 */
export async function rowsOf(gpu: Gpu, folder: string): Promise<Rows> {
  const pictures = await heldOutPictures();
  const clip = `${folder}/clip.safetensors`;
  return {
    adapted: await figures(pictures, await modelScorer(gpu, { clip, adapters: folder }, pictures)),
    plain: await figures(pictures, await modelScorer(gpu, { clip, adapters: undefined }, pictures)),
    distance: await figures(pictures, await distanceScorer(gpu, clip)),
  };
}
