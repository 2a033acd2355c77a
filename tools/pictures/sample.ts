/** One picture of a class, good or with a defect, and the mask of the defect. */
import { exp2 } from './arithmetic.js';
import { develop, digitise, meter, randomCamera } from './camera.js';
import { type ClassInfo, findClass } from './classes.js';
import { type Appearance, composeFaulty, composeObject, composeTexture, type Setup } from './compose.js';
import { DEFECT_KINDS, DEFECTS, type DefectKind } from './defects/index.js';
import { coverShare, pickSpot } from './defects/site.js';
import { illuminate, type Light, randomLight } from './light.js';
import { type Change, findChange } from './mask.js';
import { Rng } from './rng.js';
import { Scene } from './scene.js';

export interface SampleSpec {
  readonly className: string;
  /** The same numbers give the same bytes; with and without a defect it is the same scene. */
  readonly seed: number;
  /** Side in pixels, 16 or more. */
  readonly size: number;
  readonly defect?: DefectKind | 'none' | 'any';
  /** `any` by default. */
  readonly setup?: Setup;
}

export interface Sample {
  readonly className: string;
  readonly size: number;
  /** Bytes [size, size, 3]. */
  readonly rgb: Uint8Array;
  /** 1 where the defect is, 0 elsewhere; [size, size]. */
  readonly mask: Uint8Array;
  /** Kinds of the defects in the picture; empty when there is no defect. */
  readonly defects: readonly DefectKind[];
  readonly attributes: Appearance & { readonly light: Light['word']; readonly gray: boolean };
}

/** Kinds of defect a class can have. */
export function defectsOf(className: string): readonly DefectKind[] {
  return findClass(className).kind === 'texture' ? DEFECT_KINDS : DEFECT_KINDS.filter((kind) => kind !== 'fold');
}

/** How large defects are, and how easy to see. */
interface Visibility {
  /** The share of the picture to aim at, from a number in 0..1. */
  readonly area: (draw: number) => number;
  /** Smallest share of the picture, mean difference in 0..255, and salience of a defect. */
  readonly least: { readonly area: number; readonly contrast: number; readonly salience: number };
}

const VISIBILITY: Readonly<Record<Setup, Visibility>> = {
  any: {
    // From 1/400 to 1/6 of the picture; each doubling is about as likely as any other.
    area: (draw) => 0.0025 * exp2(3 * (draw + Math.sqrt(draw))),
    least: { area: 0.0012, contrast: 20, salience: 0.9 },
  },
  bench: {
    // From 1/80 to 1/10 of the picture.
    area: (draw) => 0.012 * exp2(3 * draw),
    least: { area: 0.008, contrast: 35, salience: 1.5 },
  },
};

/** The scene that a defect is drawn into. */
interface Subject {
  readonly info: ClassInfo;
  readonly clean: Scene;
  readonly setup: Setup;
}

/** A defective version of a scene: drawn again where the class has that fault itself, otherwise painted over. */
function harmed({ info, clean, setup }: Subject, kind: DefectKind, scene: Rng, rng: Rng, attempt: number): Scene {
  const own = info.object?.faults.find((fault) => fault === kind);
  // A fault that cannot be seen, for example from the side, gives way to a painted one.
  if (info.object && own && attempt < 3) {
    return composeFaulty(clean, info.object, scene, { kind: own, rng: rng.fork('fault') }, setup);
  }
  const copy = clean.copy();
  copy.painting = 'defect';
  const share = coverShare(clean);
  const area = VISIBILITY[setup].area(rng.next());
  DEFECTS[kind]({
    scene: copy,
    rng: rng.fork('look'),
    at: pickSpot(copy, Math.min(area, 0.35 * share), rng.fork('spot')),
    strength: 1 + 0.35 * attempt,
  });
  return copy;
}

/** Whether a change can count as a defect of the picture: it is neither invisible nor everywhere. */
function acceptable(change: Change, size: number, attempt: number, { least }: Visibility): boolean {
  const patience = Math.max(0.3, 1 - 0.06 * attempt);
  return (
    change.area >= Math.max(least.area, 8 / (size * size)) &&
    change.area <= 0.3 &&
    change.contrast >= least.contrast * patience &&
    change.salience >= least.salience * patience &&
    change.seen >= 0.6
  );
}

const ATTEMPTS = 20;

/**
 * Draws a picture and its mask.
 * @throws when the class is unknown or has no such defect, or the size is too small
 */
export function drawSample(spec: SampleSpec): Sample {
  const { className, seed, size, setup = 'any' } = spec;
  const info = findClass(className);
  if (!Number.isInteger(size) || size < 16) throw new Error(`drawSample: bad size: expected 16 or more, got ${size}`);
  const wanted = spec.defect ?? 'none';
  const possible = defectsOf(className);
  if (wanted !== 'none' && wanted !== 'any' && !possible.includes(wanted)) {
    throw new Error(
      `drawSample: ${className} has no such defect: expected one of ${possible.join(', ')}, got ${wanted}`,
    );
  }
  const rng = new Rng(className, seed);
  const clean = new Scene(size);
  const appearance = info.texture
    ? composeTexture(clean, info.texture, rng.fork('scene'))
    : composeObject(clean, info.object, rng.fork('scene'), setup);
  const light = randomLight(rng.fork('light'));
  const camera = randomCamera(rng.fork('camera'));
  const lit = illuminate(clean, light);
  const gain = meter(lit, camera);
  const before = develop(lit, size, camera, gain);
  const sample = {
    className,
    size,
    attributes: { ...appearance, light: light.word, gray: camera.gray },
  };
  const finish = (planes: typeof before) => digitise(planes, size, camera, rng.fork('noise'));
  if (wanted === 'none') {
    return { ...sample, rgb: finish(before), mask: new Uint8Array(size * size), defects: [] };
  }
  const shoot = (scene: Scene) => develop(illuminate(scene, light), size, camera, gain);
  return { ...sample, ...strike({ info, clean, setup }, before, shoot, wanted, rng, finish) };
}

/** Tries, more boldly each time, until a defect can be seen; after the last try the most visible one is taken. */
function strike(
  subject: Subject,
  before: ReturnType<typeof develop>,
  shoot: (scene: Scene) => ReturnType<typeof develop>,
  wanted: DefectKind | 'any',
  rng: Rng,
  finish: (planes: ReturnType<typeof develop>) => Uint8Array,
): Pick<Sample, 'rgb' | 'mask' | 'defects'> {
  const { info, clean, setup } = subject;
  const { size } = clean;
  const possible = defectsOf(info.name);
  const kind = wanted === 'any' ? rng.fork('kind').pick(possible) : wanted;
  let best: { change: Change; planes: ReturnType<typeof develop> } | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const scene = harmed(subject, kind, rng.fork('scene'), rng.fork('defect', attempt), attempt);
    const planes = shoot(scene);
    const change = findChange(before, planes, scene.trace, size);
    if (acceptable(change, size, attempt, VISIBILITY[setup]))
      return { rgb: finish(planes), mask: change.mask, defects: [kind] };
    const visible = change.area > 0 && change.area < 0.5 ? change.contrast * change.seen : 0;
    if (visible > (best ? best.change.contrast * best.change.seen : 0)) best = { change, planes };
  }
  if (!best) throw new Error(`drawSample: ${info.name}: no visible ${kind} in ${ATTEMPTS} attempts`);
  return { rgb: finish(best.planes), mask: best.change.mask, defects: [kind] };
}
