/** What scores depend on: a calibration made with one model says nothing about another. */
import { hasSha256 } from '../io/sha256.js';
import { shownText } from '../io/shown_text.js';
import { contentOf } from '../io/tensor_contents.js';
import type { TensorView } from '../io/tensor_view.js';
import type { Tiling } from '../picture/tile_grid.js';
import type { MethodSettings } from './method_settings.js';

export interface ModelIdentity {
  /** Hashes of the tensors; empty on a web page that has no SHA-256: nothing is then compared. */
  readonly weights: string;
  readonly adapters: string;
  readonly method: string;
  readonly imageSize: number;
  readonly levels: readonly number[];
  readonly activation: string;
  readonly textMix: number;
  readonly imageMix: number;
  readonly tile: Tiling | null;
}

/** What messages call its parts, the one to look at first in front. */
const CALLED: Readonly<Record<keyof ModelIdentity, string>> = {
  method: 'another method',
  weights: 'other weights',
  adapters: 'other adapters',
  imageSize: 'another size of pictures',
  tile: 'other tiles',
  levels: 'other levels',
  activation: 'another activation',
  textMix: 'another share of text adapters',
  imageMix: 'another share of image adapters',
};

/** Of larger tensors, name and shape count alone: weights of 1.7 GB need not be read. */
const MOST_BYTES = 2 ** 16;

/** @param parts the trained tensors, where there are any */
export async function modelIdentity(
  clip: TensorView,
  parts: { readonly text?: TensorView | undefined; readonly image?: TensorView | undefined },
  settings: MethodSettings & { readonly tile?: Tiling | undefined },
): Promise<ModelIdentity> {
  const { method, imageSize, levels, activation, textMix, imageMix, tile } = settings;
  const adapters = [parts.text, parts.image].filter((part) => part !== undefined);
  const known = hasSha256();
  return {
    weights: known ? await contentOf(clip, /./, MOST_BYTES) : '',
    adapters: known ? (await Promise.all(adapters.map((part) => contentOf(part)))).join(' ') : '',
    method,
    imageSize,
    levels,
    activation,
    textMix,
    imageMix,
    tile: tile ?? null,
  };
}

/** How another model differs from this one, in words such as "other adapters"; undefined where it is the same. */
export function differenceOf(own: ModelIdentity, other: ModelIdentity): string | undefined {
  const compared = (Object.keys(CALLED) as (keyof ModelIdentity)[]).filter(
    (part) => own[part] !== '' && other[part] !== '',
  );
  const part = compared.find((name) => JSON.stringify(own[name]) !== JSON.stringify(other[name]));
  if (part === undefined) return undefined;
  const values =
    part === 'weights' || part === 'adapters' ? '' : ` (${show(other[part])} instead of ${show(own[part])})`;
  return CALLED[part] + values;
}

/** Values may be those of a file. */
const show = (value: unknown): string => shownText(typeof value === 'string' ? value : String(JSON.stringify(value)));
