/** The choices of a pre-training run, and the flags that make them. */
import { parseArgs } from 'node:util';
import type { Setup } from '../pictures/index.js';
import { SETUPS } from '../pictures/index.js';

const PEAKS = ['worst', 'any'] as const;
/**
 * The patches of a faulty picture that have to stand out: `worst`, the patch with the largest marked share, where there
 * is a mask; `any`, any of the marked patches, or any patch at all where no mask is learnt from.
 */
export type PeakChoice = (typeof PEAKS)[number];

export interface PretrainOptions {
  readonly out: string;
  /** Pairs of pictures per class. */
  readonly pairs: number;
  /** Steps that the learning rate falls over. */
  readonly steps: number;
  /** Steps to run. */
  readonly until: number;
  /** Pictures per step. */
  readonly batch: number;
  /** Steps between two copies of the weights in `out` + `.partial`. */
  readonly saveEvery: number;
  readonly rate: number;
  readonly seed: number;
  /** Weights to start from. */
  readonly from: string | undefined;
  /** Weight of the regions' loss. */
  readonly regions: number;
  /** Smallest and largest side of the windows that are cut out, in pixels. */
  readonly least: number;
  readonly most: number;
  /** No step begins after this many minutes. */
  readonly minutes: number;
  /** How pictures are taken, see tools/pictures. */
  readonly setup: Setup;
  /** Whether the text tower stays as it is. */
  readonly locked: boolean;
  /**
   * Whether only states are compared: captions may repeat, half of them are prompts, and a picture chooses only between
   * the two captions of its pair.
   */
  readonly states: boolean;
  readonly peaks: PeakChoice | undefined;
  /** Factor of the cosines. */
  readonly scale: number;
  /** Blocks whose patches are compared with captions, from 1. */
  readonly levels: readonly number[];
  /** Side of the pictures that the model is shown, in pixels. */
  readonly size: number;
}

export const USAGE = `usage: npm run pretrain -- [--out FILE] [options]

Pre-trains a small CLIP on pictures and captions made by tools/pictures.

  --out FILE         file for the weights (default weights/tiny/clip.safetensors)
  --from FILE        weights to start from (default: those of tools/tiny/initial.ts)
  --pairs N          pairs of a good and a faulty picture per class (default 36)
  --steps N          steps that the learning rate falls over (default 4000)
  --until N          steps to run (default: all of --steps)
  --minutes M        no step begins after this many minutes (default 600)
  --batch N          pictures per step (default 16)
  --rate R           highest learning rate (default 0.001)
  --seed S           seed of the pictures, the batches and the initial weights (default 1)
  --save_every N     steps between two copies in FILE.partial (default 200)
  --size PX          side of the pictures that the model is shown (default 128)
  --least PX --most PX  sides of the windows that are cut out of pictures of 256 px (default 128 and 256)
  --setup any|bench  how pictures are taken, see npm run pictures -- --help (default any)
  --levels a,b       blocks whose patches are compared with captions (default 1,2,3,4)
  --regions W        weight of the loss of regions (default 1)
  --scale S          factor of the cosines (default 20)
  --states           compare only states: captions may repeat, half of them are prompts, and a picture chooses between
                     the two captions of its pair only
  --peaks worst|any  with --states, a faulty picture has to stand out somewhere. worst: in the patch with the largest
                     marked share; any: in any of the marked patches, or anywhere where no mask is learnt from
  --locked           leave the text tower as it is`;

function number(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new Error(`--${flag}: bad number: expected a number, got "${text}"`);
}

function oneOf<T extends string>(flag: string, choices: readonly T[], text: string): T {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new Error(`--${flag}: unknown: expected ${choices.join(' or ')}, got "${text}"`);
}

/**
 * @param args what follows the command's name
 * @returns undefined when help was requested
 * @throws one line that names the faulty flag
 */
export function parsePretrain(args: readonly string[]): PretrainOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      out: { type: 'string', default: 'weights/tiny/clip.safetensors' },
      pairs: { type: 'string', default: '36' },
      steps: { type: 'string', default: '4000' },
      batch: { type: 'string', default: '16' },
      save_every: { type: 'string', default: '200' },
      rate: { type: 'string', default: '0.001' },
      seed: { type: 'string', default: '1' },
      until: { type: 'string' },
      from: { type: 'string' },
      regions: { type: 'string', default: '1' },
      least: { type: 'string', default: '128' },
      most: { type: 'string', default: '256' },
      minutes: { type: 'string', default: '600' },
      setup: { type: 'string', default: 'any' },
      locked: { type: 'boolean', default: false },
      states: { type: 'boolean', default: false },
      peaks: { type: 'string' },
      scale: { type: 'string', default: '20' },
      levels: { type: 'string', default: '1,2,3,4' },
      size: { type: 'string', default: '128' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const steps = number('steps', values.steps);
  return {
    out: values.out,
    pairs: number('pairs', values.pairs),
    steps,
    until: values.until === undefined ? steps : number('until', values.until),
    batch: number('batch', values.batch),
    saveEvery: number('save_every', values.save_every),
    rate: number('rate', values.rate),
    seed: number('seed', values.seed),
    from: values.from,
    regions: number('regions', values.regions),
    least: number('least', values.least),
    most: number('most', values.most),
    minutes: number('minutes', values.minutes),
    setup: oneOf('setup', SETUPS, values.setup),
    locked: values.locked,
    states: values.states,
    peaks: values.peaks === undefined ? undefined : oneOf('peaks', PEAKS, values.peaks),
    scale: number('scale', values.scale),
    levels: values.levels.split(',').map((level) => number('levels', level)),
    size: number('size', values.size),
  };
}
