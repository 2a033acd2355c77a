/** Recomputes the cases of a folder of expected values. */
import { namePattern } from '../cases/name_pattern.js';
import type { Gpu } from '../gpu/gpu.js';
import { listNames } from '../io/tensor_file.js';
import type { Precision } from '../model/weights.js';
import { archiveCase } from './archive_cases.js';
import { colourCase, geometryCase } from './augment_cases.js';
import { type CaseRunner, compare, type GoldenFolder, type PackagedFile, type TensorReport } from './case.js';
import { imageCase } from './image_cases.js';
import { anomalyClipCase, aprilGanCase } from './method_cases.js';
import { metricsCase } from './metrics_cases.js';
import { modelCase } from './model_cases.js';
import { OP_CASES } from './op_cases.js';
import { trainCase } from './train_cases.js';

const RUNNERS: readonly (readonly [RegExp, CaseRunner])[] = [
  ...OP_CASES,
  [/^image\./, imageCase],
  [/^pth\./, archiveCase],
  [/^model\./, modelCase],
  [/^method\.april_gan\./, aprilGanCase],
  [/^method\.anomalyclip\./, anomalyClipCase],
  [/^metrics$/, metricsCase],
  [/^augment\.geometry$/, geometryCase],
  [/^augment\.colour$/, colourCase],
  [/^train\./, trainCase],
];

/** Cases that take minutes on a CPU adapter: they run only with `all`, or when named. */
const LARGE = /\bvitl14\b/;

export interface VerifyOptions {
  /** Case names or patterns with * and ?; all when empty. */
  readonly only?: readonly string[];
  /** Include the large cases. */
  readonly all?: boolean;
  readonly precision?: Precision;
  /** Where cases on the embedded model find its weights. */
  readonly packaged?: PackagedFile;
  readonly onCase?: (name: string, index: number, count: number) => void;
}

export interface VerifyResult {
  readonly reports: readonly TensorReport[];
  /** Large cases that did not run. */
  readonly left: readonly string[];
  readonly pass: boolean;
}

/** Recomputes the chosen cases; a case that is unknown or fails to run counts as a miss, with a note. */
export async function verify(gpu: Gpu, folder: GoldenFolder, options: VerifyOptions = {}): Promise<VerifyResult> {
  const patterns = (options.only ?? []).map(namePattern);
  const names = folder.files
    .filter((f) => f.endsWith('.safetensors'))
    .map((f) => f.slice(0, -'.safetensors'.length))
    .sort();
  const wanted = names.filter((n) =>
    patterns.length === 0 ? options.all || !LARGE.test(n) : patterns.some((p) => p.test(n)),
  );
  if (names.length === 0) {
    throw new Error(
      'verify: no cases in this folder: expected .safetensors files with expected values, such as test/goldens',
    );
  }
  if (wanted.length === 0) {
    throw new Error(
      patterns.length === 0
        ? 'verify: only large cases in this folder: give --all to run them'
        : `verify: --only ${options.only!.join()}: no such case: expected names or patterns such as ${listNames(names)}`,
    );
  }
  const reports: TensorReport[] = [];
  for (const [i, name] of wanted.entries()) {
    options.onCase?.(name, i, wanted.length);
    reports.push(...(await runCase(gpu, folder, name, options)));
  }
  const left = patterns.length === 0 ? names.filter((n) => !wanted.includes(n)) : [];
  return { reports, left, pass: reports.every((r) => r.pass) };
}

async function runCase(
  gpu: Gpu,
  folder: GoldenFolder,
  name: string,
  { precision = 'f32', packaged }: VerifyOptions,
): Promise<TensorReport[]> {
  const miss = (note: string): TensorReport => ({
    case: name,
    tensor: '-',
    maxAbs: Number.NaN,
    relL2: Number.NaN,
    bound: 0,
    pass: false,
    note,
  });
  const runner = RUNNERS.find(([pattern]) => pattern.test(name))?.[1];
  if (!runner) return [miss('unknown case')];
  const reports: TensorReport[] = [];
  try {
    const file = await folder.open(`${name}.safetensors`);
    for await (const c of runner({ gpu, folder, file, precision, packaged }))
      reports.push({ case: name, ...compare(c) });
    if (reports.length === 0) return [miss('nothing to compare')];
  } catch (error) {
    reports.push(miss(error instanceof Error ? error.message : String(error)));
  }
  return reports;
}
