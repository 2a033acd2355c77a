/** The scene in front of the camera: for every pixel its colour, height and shine. Light comes later. */
import { clamp } from './arithmetic.js';
import { type Frame, toLocal } from './frame.js';
import type { Shape } from './shapes.js';

/**
 * The numbers of one pixel while it is painted: linear red, green, blue in 0..1; height in local units of the frame;
 * gloss (strength of highlights) and metal (share of mirrored surroundings) in 0..1.
 */
export type Pixel = Float64Array;

/**
 * Edits a pixel that holds the values already there. `d` is the signed distance to the shape's outline, negative
 * inside.
 */
export type Surface = (pixel: Pixel, x: number, y: number, d: number) => void;

export const PLANES = ['r', 'g', 'b', 'height', 'gloss', 'metal'] as const;

/** Applies surfaces one after the other. */
export function layered(...surfaces: readonly Surface[]): Surface {
  return (pixel, x, y, d) => {
    for (const surface of surfaces) surface(pixel, x, y, d);
  };
}

export interface FillOptions {
  /** Coverage at full strength; 1 by default. */
  readonly opacity?: number;
  /** Width over which the edge fades, in local units, half of it inside; a pixel at least. */
  readonly soft?: number;
  /** Paint only where `cover` says there is an object. */
  readonly onObject?: boolean;
}

export class Scene {
  readonly size: number;
  readonly planes: readonly Float32Array[];
  /** How much of a pixel belongs to the object, or to the texture: 0..1. */
  readonly cover: Float32Array;
  /** How much of a pixel a defect has painted over: 0..1. */
  readonly trace: Float32Array;
  /** Everything behind the object, kept when the object is begun. */
  backdrop: readonly Float32Array[] | undefined;
  /** Whether paint belongs to the object, to a defect, or to neither. */
  painting: 'backdrop' | 'object' | 'defect' = 'backdrop';

  constructor(size: number) {
    this.size = size;
    const plane = () => new Float32Array(size * size);
    this.planes = PLANES.map(plane);
    this.cover = plane();
    this.trace = plane();
  }

  copy(): Scene {
    const other = new Scene(this.size);
    this.planes.forEach((plane, i) => {
      (other.planes[i] as Float32Array).set(plane);
    });
    other.cover.set(this.cover);
    other.trace.set(this.trace);
    other.backdrop = this.backdrop;
    return other;
  }

  /** From here on, paint belongs to the object. */
  beginObject(): void {
    this.backdrop = this.planes.map((plane) => plane.slice());
    this.painting = 'object';
  }

  /** The picture is a texture: all of it may bear defects. */
  beginTexture(): void {
    this.cover.fill(1);
    this.painting = 'object';
  }

  /** Pixel side in picture units. */
  get pixel(): number {
    return 2 / this.size;
  }

  /** Paints a surface where the shape is, with a smooth edge. */
  fill(shape: Shape, at: Frame, surface: Surface, options: FillOptions = {}): void {
    const { size, cover, trace } = this;
    const [a, b, c, d, e, f] = toLocal(at);
    const [x0, y0, x1, y1] = pixelBox(shape.box, at, size, (options.soft ?? 0) / 2);
    const opacity = options.opacity ?? 1;
    const perLocal = 1 / Math.max((2 * Math.sqrt(Math.max(1, 1 / at.stretch))) / (at.scale * size), options.soft ?? 0);
    const mask = options.onObject ? cover : undefined;
    const [r, g, bl, height, gloss, metal] = this.planes as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    const mark = this.painting === 'object' ? cover : this.painting === 'defect' ? trace : undefined;
    const pixel: Pixel = new Float64Array(6);
    for (let j = y0; j < y1; j++) {
      const v = ((j + 0.5) * 2) / size - 1;
      for (let i = x0, k = j * size + x0; i < x1; i++, k++) {
        const u = ((i + 0.5) * 2) / size - 1;
        const x = a * u + b * v + c;
        const y = d * u + e * v + f;
        const distance = shape.at(x, y);
        let share = clamp(0.5 - distance * perLocal);
        if (mask) share *= mask[k];
        if (share <= 0) continue;
        const alpha = share * opacity;
        pixel[0] = r[k];
        pixel[1] = g[k];
        pixel[2] = bl[k];
        pixel[3] = height[k] / at.scale;
        pixel[4] = gloss[k];
        pixel[5] = metal[k];
        surface(pixel, x, y, distance);
        r[k] += alpha * (pixel[0] - r[k]);
        g[k] += alpha * (pixel[1] - g[k]);
        bl[k] += alpha * (pixel[2] - bl[k]);
        height[k] += alpha * (pixel[3] * at.scale - height[k]);
        gloss[k] += alpha * (pixel[4] - gloss[k]);
        metal[k] += alpha * (pixel[5] - metal[k]);
        if (mark && mark[k] < share) mark[k] = share;
      }
    }
  }
}

/** The pixels a local box may touch: left, top, right, bottom (the latter two exclusive). */
function pixelBox(box: Shape['box'], at: Frame, size: number, soft: number): [number, number, number, number] {
  const [a, b, c, d, e, f] = toLocal(at);
  const det = a * e - b * d;
  const us: number[] = [];
  const vs: number[] = [];
  for (const x of [box[0] - soft, box[2] + soft]) {
    for (const y of [box[1] - soft, box[3] + soft]) {
      us.push((e * (x - c) - b * (y - f)) / det);
      vs.push((a * (y - f) - d * (x - c)) / det);
    }
  }
  const index = (w: number) => ((w + 1) * size) / 2;
  return [
    Math.floor(clamp(index(Math.min(...us)) - 1, 0, size)),
    Math.floor(clamp(index(Math.min(...vs)) - 1, 0, size)),
    Math.ceil(clamp(index(Math.max(...us)) + 1, 0, size)),
    Math.ceil(clamp(index(Math.max(...vs)) + 1, 0, size)),
  ];
}
