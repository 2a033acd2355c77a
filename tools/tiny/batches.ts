/** Chooses the pictures and captions of each step of pre-training. */
import { Draws } from '#src/node/node';
import { CLASSES } from '../pictures/index.js';
import { captionPair, promptPair } from './captions.js';
import { crop, cropMask, place } from './crops.js';
import { GENERAL, halves } from './halves.js';
import type { Pair } from './pool.js';
import type { PretrainOptions } from './pretrain_options.js';

/** Pictures are drawn with sides of this many pixels and cut out, so that the model sees them at several scales. */
export const DRAWN = 256;

const OBJECTS: ReadonlySet<string> = new Set(CLASSES.filter((c) => c.kind === 'object').map((c) => c.name));
/**
 * Classes whose masks are learnt from: the classes that the adapters will be trained on. The mask of any other class is
 * only used to cut out the part of a faulty picture that its caption describes.
 */
const LOCALISED: ReadonlySet<string> = new Set(halves(CLASSES).adaptation);

/** A picture as the model is shown it. */
export interface Shown {
  /** Bytes [side, side, 3]. */
  readonly pixels: Uint8Array;
  readonly side: number;
  readonly caption: string;
  /** 1 where the defect is, [size, size]; undefined where the mask is not learnt from. */
  readonly marked: Float32Array | undefined;
}

export type BatchOptions = Pick<PretrainOptions, 'seed' | 'batch' | 'states' | 'peaks' | 'least' | 'most' | 'size'>;

/**
 * How rarely a class is shown: a small number means often. With peaks anywhere, pictures without a mask teach where to
 * look too, and objects come first because they are harder than surfaces. Otherwise classes without masks are shown
 * less where only states are compared.
 */
function rarity(name: string, { states, peaks }: BatchOptions): number {
  if (peaks === 'any') return OBJECTS.has(name) ? 1 : 2;
  if (GENERAL.includes(name)) return states ? 0.4 : 0.15;
  return states && !LOCALISED.has(name) ? 3 : 1;
}

/** The batch of a step, a function of seed and step: a normal and a faulty picture of each of `batch / 2` classes. */
export function drawBatch(
  pool: ReadonlyMap<string, readonly Pair[]>,
  step: number,
  options: BatchOptions,
): readonly Shown[] {
  const draws = new Draws({ seed: options.seed, stream: 'pretrain', epoch: step });
  // Both states of a class are in one batch, and each class once: no caption fits two pictures, and the state has to be
  // read. The general classes are in most batches.
  const order = [...pool]
    .map(([name, pairs]) => ({ name, pairs, key: draws.uniform() * rarity(name, options) }))
    .sort((x, y) => x.key - y.key);
  return order.slice(0, options.batch / 2).flatMap(({ name, pairs }) => {
    const pair = pairs[draws.below(pairs.length)]!;
    return showPair(name, pair, draws, options);
  });
}

function showPair(name: string, pair: Pair, draws: Draws, options: BatchOptions): Shown[] {
  const { states, least, most, size } = options;
  const captions = states && draws.uniform() < 0.5 ? promptPair(name, draws) : captionPair(pair, draws);
  const gain = 0.75 + 0.5 * draws.uniform();
  const offset = 40 * (draws.uniform() - 0.5);
  return [pair.normal, pair.anomalous].map(({ rgb, mask }, i) => {
    const turn = draws.below(8);
    const window = { size: DRAWN, turn, gain, offset, ...place(mask, DRAWN, least, () => draws.uniform(), most) };
    // A good picture is good everywhere, so it needs no mask.
    const known = LOCALISED.has(name) || (states && mask === undefined);
    const marked = known ? cropMask(mask, window, size) : undefined;
    return { pixels: crop(rgb, window), side: window.side, caption: captions[i]!, marked };
  });
}
