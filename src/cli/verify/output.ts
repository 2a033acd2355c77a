/** What `verify` prints. */

import { tableLines } from '../../eval/text_table.js';
import type { Gpu } from '../../gpu/gpu.js';
import { chosenKernels } from '../../kernels/kernel_lists.js';
import type { TensorReport } from '../../verify/case.js';
import type { verify } from '../../verify/verify.js';

const figure = (v: number): string => (Number.isNaN(v) ? '-' : v === 0 ? '0' : v.toExponential(1));

/** The table of all tensors, one line each. */
function reportTable(reports: readonly TensorReport[]): string {
  const rows = reports.map((r) => [
    r.case,
    r.tensor,
    figure(r.maxAbs),
    figure(r.relL2),
    r.note && Number.isNaN(r.relL2) ? '-' : r.bound === 0 ? 'equal' : figure(r.bound),
    r.pass ? 'pass' : `MISS${r.note ? `: ${r.note}` : ''}`,
  ]);
  const head = ['case', 'tensor', 'max abs', 'rel L2', 'bound', ''];
  return tableLines(head, rows, ['left', 'left', 'right', 'right', 'right', 'left']).join('\n');
}

export function printVerified(
  gpu: Gpu,
  result: Awaited<ReturnType<typeof verify>>,
  seconds: number,
  json: boolean,
): void {
  const { vendor, architecture, description, device } = gpu.description;
  if (json) {
    const adapter = { vendor, architecture, description, kernels: chosenKernels(gpu) };
    process.stdout.write(`${JSON.stringify({ adapter, seconds, ...result }, null, 1)}\n`);
    return;
  }
  const misses = result.reports.filter((r) => !r.pass).length;
  const lines = [reportTable(result.reports), ''];
  if (result.left.length > 0) lines.push(`left out as large (--all runs them): ${result.left.join(', ')}`);
  lines.push(`${result.reports.length} tensors, ${misses} missed, ${seconds.toFixed(1)} s on ${description || device}`);
  process.stdout.write(`${lines.join('\n')}\n`);
}
