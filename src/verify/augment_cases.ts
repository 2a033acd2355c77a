/** Cases `augment.*`: changes of pictures with the parameters in the tensors' names. */
import { augmentColour, type ColourJitter } from '../picture/augment_colour.js';
import { augmentGeometry, type Geometry, STILL } from '../picture/augment_geometry.js';
import { uploadPixels } from '../picture/pixels.js';
import { read, readWords, tidy, upload } from '../tensor/tensor.js';
import type { CaseContext, Comparison } from './case.js';

/** Share of pixels that may differ: a rotation or shift can land between two pixels, where the last bit decides. */
const TIES = 1e-3;

/** `rotate.-7.3`, `translate.8.-3`, `hflip`, `vflip`. */
function geometryOf(name: string): Geometry {
  const [kind = '', ...rest] = name.split('.');
  if (kind === 'rotate') return { ...STILL, rotate: Number(rest.join('.')) };
  if (kind === 'translate' && rest.length === 2) return { ...STILL, translate: [Number(rest[0]), Number(rest[1])] };
  if (name === 'hflip') return { ...STILL, horizontalFlip: true };
  if (name === 'vflip') return { ...STILL, verticalFlip: true };
  throw new Error(`${name}: expected rotate.DEGREES, translate.X.Y, hflip or vflip`);
}

export async function* geometryCase({ gpu, file }: CaseContext): AsyncIterable<Comparison> {
  const picture = await file.readF32('x');
  const [channels, height, width] = file.tensors.get('x')!.shape as [number, number, number];
  for (const name of file.tensors.keys()) {
    if (name === 'x') continue;
    const geometry = geometryOf(name);
    const y = tidy(() => augmentGeometry(upload(gpu, picture, [1, channels, height, width]), [geometry]));
    const pixels = name.endsWith('flip') ? {} : { pixels: { share: TIES, plane: height * width } };
    yield { tensor: name, got: await read(y), want: await file.readF32(name), bound: 0, ...pixels };
    y.release();
  }
}

/** `brightness.0.83`. */
function jitterOf(name: string): ColourJitter {
  const [kind = '', ...rest] = name.split('.');
  const factor = Number(rest.join('.'));
  if (!['brightness', 'contrast', 'saturation'].includes(kind)) {
    throw new Error(`${name}: expected brightness, contrast or saturation and a factor`);
  }
  return { [kind]: factor };
}

export async function* colourCase({ gpu, file }: CaseContext): AsyncIterable<Comparison> {
  const bytes = async (name: string): Promise<Uint8Array> => (await file.read(name)).bytes;
  const picture = await bytes('x');
  for (const name of file.tensors.keys()) {
    if (name === 'x') continue;
    const y = tidy(() => augmentColour(uploadPixels(gpu, picture), picture.length / 3, jitterOf(name)));
    const got = new Uint8Array((await readWords(y)).buffer, 0, picture.length);
    yield { tensor: name, got, want: await bytes(name), bound: 0 };
    y.release();
  }
}
