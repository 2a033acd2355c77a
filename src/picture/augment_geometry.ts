/**
 * Turning, shifting and mirroring of pictures by given parameters, as torchvision does it on tensors: nearest sampling,
 * zeros where a pixel has no source. One kernel does all four steps.
 *
 * Pictures are where the data begins, so this is not an `Op`: the tape never sees it.
 */
import { show } from '../tensor/shape.js';
import { empty, type Tensor, tidy, upload } from '../tensor/tensor.js';

/** What happens to one picture, in this order. */
export interface Geometry {
  /** Degrees, counter-clockwise about the centre. */
  readonly rotate: number;
  /** Pixels to the right and down, whole numbers. */
  readonly translate: readonly [number, number];
  /** Left becomes right. */
  readonly horizontalFlip: boolean;
  /** Top becomes bottom. */
  readonly verticalFlip: boolean;
}

/** No change. */
export const STILL: Geometry = { rotate: 0, translate: [0, 0], horizontalFlip: false, verticalFlip: false };

/** Words of the kernel's table for one picture. */
const STEPS = 14;

/**
 * The map of a turn and a shift: from an output pixel's coordinates about the centre to the input's in [-1, 1], rounded to
 * float32 where torchvision does.
 */
function inverseMap(
  degrees: number,
  [right, down]: readonly [number, number],
  width: number,
  height: number,
): number[] {
  const f = Math.fround;
  // Counter-clockwise on a picture whose rows go down.
  const angle = -degrees * (Math.PI / 180);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const row = (a: number, b: number, side: number) =>
    [a, b, a * -right + b * -down].map((v) => f(f(v) / f(0.5 * side)));
  return [...row(cos, sin, width), ...row(-sin, cos, height)];
}

function tableOf(geometry: readonly Geometry[], width: number, height: number): Float32Array {
  const table = new Float32Array(STEPS * geometry.length);
  geometry.forEach(({ rotate, translate, horizontalFlip, verticalFlip }, i) => {
    if (![rotate, ...translate].every(Number.isFinite) || !translate.every(Number.isInteger)) {
      throw new Error(
        `augment_geometry: sample ${i}: expected an angle in degrees and a shift in whole pixels, got ${rotate} and [${translate}]`,
      );
    }
    table.set(
      [
        ...inverseMap(rotate, [0, 0], width, height),
        ...inverseMap(0, translate, width, height),
        Number(horizontalFlip),
        Number(verticalFlip),
      ],
      STEPS * i,
    );
  });
  return table;
}

/**
 * Turns, shifts and mirrors each picture of a batch; the mask goes along as one more channel.
 * @param x [B, C, H, W], elements of any type
 * @param geometry one for each picture
 * @returns [B, C, H, W] of the same type
 * @throws when the counts differ or a parameter is not a number
 */
export function augmentGeometry(x: Tensor, geometry: readonly Geometry[]): Tensor {
  if (x.rank !== 4 || x.dim(0) !== geometry.length) {
    throw new Error(
      `augment_geometry: expected [B, C, H, W] with parameters for each picture, got ${show(x.shape)} and ${geometry.length}`,
    );
  }
  const [planes, height, width] = x.shape.slice(1) as [number, number, number];
  return tidy(() => {
    const y = empty(x.gpu, x.shape, x.dtype);
    const table = tableOf(geometry, width, height);
    x.gpu.dispatch({
      kernel: 'augment_geometry',
      params: { size: y.size, planes, height, width },
      buffers: { x, steps: upload(x.gpu, table, [geometry.length, STEPS]), y },
      threads: y.size,
      traffic: 4 * (x.size + y.size),
    });
    return y;
  });
}
