/** A calibration: what is known of a class from its good pictures, and its file. */
import type { Domain } from '../data/datasets.js';
import { printable } from '../data/printable.js';
import { toWrite, writeSafetensors } from '../io/safetensors_writer.js';
import type { TensorFile } from '../io/tensor_file.js';
import type { Combination } from './evidence.js';
import { differenceOf, type ModelIdentity } from './model_identity.js';
import type { ReferenceRows } from './reference_rows.js';
import type { ScoreScale } from './score_scale.js';

/** How the threshold was chosen. */
export type CalibrationRule =
  | {
      readonly kind: 'false_alarms';
      /** The rate that was asked for, and whether there were enough pictures to keep it. */
      readonly wanted: number;
      readonly kept: boolean;
      /** The mean rate of false alarms over draws of so many good pictures; in `confidence` of them it is in the interval. */
      readonly expected: number;
      readonly interval: readonly [number, number];
      readonly confidence: number;
    }
  | {
      readonly kind: 'f1_max';
      readonly f1: number;
      /** Of the pictures it was chosen on. */
      readonly falseAlarms: number;
      readonly missed: number;
    };

export interface Calibration {
  readonly className: string;
  /** What prompts call the class, and its domain. */
  readonly words: string;
  readonly domain: Domain;
  /** The model it was made with. */
  readonly model: ModelIdentity;
  readonly combination: Combination;
  /** Peaks of the evidence that become 0, 0.5 and 1. */
  readonly scale: ScoreScale;
  readonly rule: CalibrationRule;
  /** Pictures it was made from. */
  readonly good: number;
  readonly faulty: number;
  /** Patches of good pictures for each level, counted from 0; none for levels that are not compared. */
  readonly references: ReadonlyMap<number, ReferenceRows>;
}

/** Raised when files of the form before mean something else. */
const FORMAT = 1;
const KEY = 'aaclip_calibration';

/** The name of a class's file in a folder of calibrations. */
export const calibrationFile = (className: string): string =>
  `calibration_${encodeURIComponent(className).replaceAll('*', '%2A')}.safetensors`;

/** The class whose file has this name; undefined for other files. */
export function calibratedClass(file: string): string | undefined {
  const name = /^calibration_(.+)\.safetensors$/.exec(file)?.[1];
  try {
    return name === undefined ? undefined : decodeURIComponent(name);
  } catch {
    return undefined;
  }
}

const tensorName = (model: ModelIdentity, level: number): string => `references.${model.levels[level]}`;

/** A calibration as safetensors: the references of a level as f16 under the number of its block, the rest as metadata. */
export function encodeCalibration({ references, ...about }: Calibration): AsyncIterable<Uint8Array> {
  const tensors = [...references].map(([level, { values, width }]) =>
    toWrite(tensorName(about.model, level), {
      dtype: 'F16',
      shape: [values.length / width, width],
      bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    }),
  );
  return writeSafetensors(tensors, { [KEY]: JSON.stringify({ format: FORMAT, ...about }) });
}

/** @throws one line when the file is no calibration, or is damaged */
export async function openCalibration(file: TensorFile): Promise<Calibration> {
  const text = file.metadata.get(KEY);
  if (text === undefined)
    throw new Error(`${file.name}: no calibration: give a file that a calibration was saved to (aaclip calibrate)`);
  const about = parsed(file.name, text);
  const references = new Map<number, ReferenceRows>();
  for (let level = 0; level < about.model.levels.length; level++) {
    const info = file.tensors.get(tensorName(about.model, level));
    if (!info) continue;
    if (info.dtype !== 'F16' || info.shape.length !== 2 || info.byteLength === 0) throw damaged(file.name);
    const { bytes } = await file.read(info.name);
    const values = new Uint16Array(bytes.slice().buffer);
    // All exponent bits set: NaN or infinity.
    if (values.some((v) => (v & 0x7c00) === 0x7c00)) throw damaged(file.name);
    references.set(level, { values, width: info.shape[1]! });
  }
  if ((about.combination.distance !== undefined) !== references.size > 0) throw damaged(file.name);
  return { ...about, references };
}

const damaged = (name: string): Error => new Error(`${name}: a damaged calibration: calibrate again`);

type About = Omit<Calibration, 'references'>;

/** @throws one line when a text is of another form, or something that is computed with or shown is missing */
function parsed(name: string, text: string): About {
  let read: Partial<About & { readonly format: unknown }> | null;
  try {
    read = JSON.parse(text);
  } catch {
    throw damaged(name);
  }
  const { format, ...about } = read ?? {};
  if (typeof format === 'number' && format !== FORMAT) {
    throw new Error(`${name}: a calibration of form ${format}, expected ${FORMAT}: calibrate again with this version`);
  }
  if (format !== FORMAT || !isWhole(about)) throw damaged(name);
  return about;
}

/** Whether nothing is missing, and numbers are numbers. */
function isWhole(about: Partial<About>): about is About {
  const { className, words, domain, model, combination, scale, rule, good, faulty } = about;
  const { zeroShot, distance = { mean: 0, weight: 0 } } = combination ?? {};
  const shares = [zeroShot, distance].flatMap((share) => [share?.mean, share?.weight]);
  const numbers = [...shares, scale?.good, scale?.threshold, scale?.faulty, good, faulty, ...numbersOf(rule)];
  return (
    [className, words, domain].every((text) => typeof text === 'string') &&
    Array.isArray(model?.levels) &&
    [...model.levels, ...numbers].every(Number.isFinite)
  );
}

/** The numbers of a rule; none that is one where the rule is of no known kind. */
function numbersOf(rule: CalibrationRule | undefined): readonly unknown[] {
  if (rule?.kind === 'f1_max') return [rule.f1, rule.falseAlarms, rule.missed];
  if (rule?.kind !== 'false_alarms') return [undefined];
  const { wanted, expected, confidence, interval } = rule;
  return [wanted, expected, confidence, ...(Array.isArray(interval) ? [interval[0], interval[1]] : [undefined])];
}

/**
 * @param classes of the detector
 * @param model identity of the detector's model
 * @throws one line when a calibration does not hold for them
 */
export function checkCalibration(
  { className, words, domain, model: own }: Calibration,
  classes: readonly Pick<Calibration, 'words' | 'domain' | 'className'>[],
  model: ModelIdentity,
  name: string,
): void {
  const called = printable(className);
  const again = `calibrate ${called} again with these (aaclip calibrate), or leave the calibration out`;
  const difference = differenceOf(model, own);
  if (difference !== undefined) throw new Error(`${name}: made with ${difference}: ${again}`);
  const loaded = classes.find((c) => c.className === className);
  if (!loaded) {
    const names = classes.map((c) => c.className).join(', ');
    throw new Error(`${name}: a calibration of class ${called}: expected one of ${names}: give that of the class`);
  }
  if (loaded.words !== words)
    throw new Error(`${name}: made for "${printable(words)}", which is called "${loaded.words}" here: ${again}`);
  if (loaded.domain !== domain)
    throw new Error(`${name}: made for ${printable(domain)}, not for ${loaded.domain}: ${again}`);
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;

/** The rule in a line. */
export function ruleOf({
  className,
  rule,
  good,
  faulty,
}: Pick<Calibration, 'className' | 'rule' | 'good' | 'faulty'>): string {
  const from = `calibration of ${printable(className)}: ${good} good`;
  if (rule.kind === 'f1_max') return `${from} and ${faulty} faulty pictures, highest F1 (${rule.f1.toFixed(2)})`;
  const [low, high] = rule.interval.map(percent);
  const rate = rule.kept
    ? `false alarms ${percent(rule.wanted)} as asked for`
    : `too few for false alarms of ${percent(rule.wanted)}, so ${percent(rule.expected)}`;
  return `${from} pictures, ${rate} (${low} to ${high} with ${percent(rule.confidence)} confidence)`;
}
