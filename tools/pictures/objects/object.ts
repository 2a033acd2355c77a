/** What an object is, and the stage it is drawn on. */
import type { ColorName } from '../colors.js';
import { type Frame, within } from '../frame.js';
import type { Rng } from '../rng.js';
import type { FillOptions, Scene, Surface } from '../scene.js';
import type { Shape } from '../shapes.js';

/** A part that is missing, misplaced or misshapen. */
export type FaultKind = 'missing' | 'misplaced';

export interface Fault {
  readonly kind: FaultKind;
  /** A separate stream, so that an object draws the same numbers with a fault and without. */
  readonly rng: Rng;
}

/** Draws in the object's coordinates: it should roughly fill the circle of radius 1 around the origin. */
export class Stage {
  readonly scene: Scene;
  readonly at: Frame;
  /** Decides how the object looks. */
  readonly rng: Rng;
  readonly fault: Fault | undefined;

  constructor(scene: Scene, at: Frame, rng: Rng, fault: Fault | undefined) {
    this.scene = scene;
    this.at = at;
    this.rng = rng;
    this.fault = fault;
  }

  fill(shape: Shape, surface: Surface, options?: FillOptions): void {
    this.scene.fill(shape, this.at, surface, options);
  }

  /** Fills in coordinates of a part. */
  fillAt(part: Frame, shape: Shape, surface: Surface, options?: FillOptions): void {
    this.scene.fill(shape, within(this.at, part), surface, options);
  }

  /** The fault's stream if it is of that kind. */
  hit(kind: FaultKind): Rng | undefined {
    return this.fault?.kind === kind ? this.fault.rng : undefined;
  }
}

export interface ObjectClass {
  readonly name: string;
  /** Name in captions and prompts. */
  readonly words: string;
  readonly synonyms: readonly string[];
  /** Draws the object; returns what captions call its colour. */
  readonly draw: (stage: Stage) => ColorName | undefined;
  /** Faults it draws itself. */
  readonly faults: readonly FaultKind[];
  /** Smallest and largest scale in the picture. */
  readonly zoom: readonly [number, number];
  /** Whether it is mostly seen in one position rather than at any angle. */
  readonly upright?: boolean;
  /** Whether several are often seen together. */
  readonly many?: boolean;
}
