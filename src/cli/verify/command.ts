/** `aaclip verify`: recomputes a folder of expected values. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { chosenKernels } from '../../kernels/kernel_lists.js';
import { fileError } from '../../node/file_error.js';
import { goldenFolder } from '../../node/golden_folder.js';
import type { TensorReport } from '../../verify/case.js';
import { verify } from '../../verify/verify.js';
import { type CommonOptions, common, openDevice } from '../options.js';
import { progress } from '../progress.js';

interface VerifyFlags extends CommonOptions {
  readonly only?: string;
  readonly all?: boolean;
}

const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * Bytes of a file of the package.
 * @param path as expected values name it: below `weights/`
 * @throws one line when it is elsewhere or cannot be read
 */
export async function packagedFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  if (!/^weights(?:\/\w[\w.-]*)+$/.test(path)) {
    throw new Error(`${path}: not a file of the package: expected a path such as weights/tiny/clip.safetensors`);
  }
  const file = join(PACKAGE, path);
  if (!existsSync(file)) throw new Error(`${file}: missing, and expected values need it: install aaclip again`);
  try {
    return new Uint8Array(await readFile(file));
  } catch (error) {
    throw fileError(file, 'read', error);
  }
}

const figure = (v: number): string => (Number.isNaN(v) ? '-' : v === 0 ? '0' : v.toExponential(1));

/** The table of all tensors, one line each, columns aligned. */
export function table(reports: readonly TensorReport[]): string {
  const head = ['case', 'tensor', 'max abs', 'rel L2', 'bound', ''];
  const rows = reports.map((r) => [
    r.case,
    r.tensor,
    figure(r.maxAbs),
    figure(r.relL2),
    r.note && Number.isNaN(r.relL2) ? '-' : r.bound === 0 ? 'equal' : figure(r.bound),
    r.pass ? 'pass' : `MISS${r.note ? `: ${r.note}` : ''}`,
  ]);
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => r[i]!.length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((c, i) => (i < 2 || i === 5 ? c.padEnd(i === 5 ? 0 : widths[i]!) : c.padStart(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [line(head), ...rows.map(line)].join('\n');
}

export function verifyCommand(program: Command): void {
  common(
    program
      .command('verify')
      .description('Recompute every case of a folder of expected values and say how far off each tensor is.')
      .argument('<folder>', 'safetensors files that carry inputs (or their seeds) and expected outputs')
      .option('--only <globs>', 'cases to run, with * and ?, separated by commas: "op.*,model.tiny"')
      .option('--all', 'with the large cases (ViT-L/14), which take minutes on a CPU adapter'),
  ).action(async (path: string, flags: VerifyFlags) => {
    const folder = goldenFolder(path);
    const gpu = await openDevice(flags);
    const bar = progress('verify', 1, flags.json ?? false);
    const started = performance.now();
    const result = await verify(gpu, folder, {
      only: flags.only?.split(',').map((g) => g.trim()) ?? [],
      all: flags.all ?? false,
      precision: flags.precision,
      packaged: packagedFile,
      onCase: (name, index, count) => bar.update(index / count, name),
    });
    bar.finish();
    const misses = result.reports.filter((r) => !r.pass).length;
    const seconds = (performance.now() - started) / 1000;
    if (flags.json) {
      const { vendor, architecture, description } = gpu.description;
      const adapter = { vendor, architecture, description, kernels: chosenKernels(gpu) };
      process.stdout.write(`${JSON.stringify({ adapter, seconds, ...result }, null, 1)}\n`);
    } else {
      process.stdout.write(`${table(result.reports)}\n\n`);
      if (result.left.length > 0)
        process.stdout.write(`left out as large (--all runs them): ${result.left.join(', ')}\n`);
      process.stdout.write(
        `${result.reports.length} tensors, ${misses} missed, ${seconds.toFixed(1)} s on ${gpu.description.description || gpu.description.device}\n`,
      );
    }
    if (!result.pass) process.exitCode = 1;
  });
}
