/** `aaclip info`: what this machine offers and what a weights file needs. */
import type { Command } from 'commander';
import { imageFlops } from '../../detect/anomaly_model.js';
import { chosenKernels, kernelLists } from '../../kernels/kernel_lists.js';
import { inferConfig } from '../../model/config.js';
import { memoryPlan } from '../../model/memory.js';
import { jpegIsExact } from '../../node/decode.js';
import { openClip } from '../../node/open_weights.js';
import { openDevice } from '../options.js';
import { type InfoFlags, infoOptions } from './flags.js';
import { type MachineReport, type ModelReport, printInfo } from './output.js';

export function infoCommand(program: Command): void {
  infoOptions(
    program
      .command('info')
      .description(
        'Show the adapter, its features and limits, the kernels chosen for it, and what a weights file needs.',
      ),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip info
  $ aaclip info --weights ViT-L-14-336px.pt --img_size 518`,
    )
    .action(runInfo);
}

async function runInfo(flags: InfoFlags): Promise<void> {
  const gpu = await openDevice(flags);
  const { traits, description } = gpu;
  const model =
    flags.weights === undefined ? undefined : await describe(flags.weights, flags.img_size, flags.precision === 'f16');
  const report: MachineReport = {
    adapter: description,
    kernels: {
      chosen: chosenKernels(gpu),
      available: Object.fromEntries(
        kernelLists.map(({ op, rows }) => [op, rows.filter((r) => r.runsOn(traits)).map((r) => r.name)]),
      ),
      subgroupSize: traits.subgroupSize,
      matrixShapes: traits.matrixShapes,
    },
    jpeg: (await jpegIsExact()) ? 'sharp (exact)' : 'jpeg-js (a few grey levels off)',
    ...(model ? { model } : {}),
  };
  printInfo(report, { ...flags, f16: traits.f16 });
}

async function describe(path: string, imageSize: number, rounded: boolean): Promise<ModelReport> {
  const clip = await openClip(path);
  const config = inferConfig(clip);
  const half = rounded || clip.dtype('visual.conv1.weight') === 'F16';
  return {
    name: clip.name,
    config,
    memory: memoryPlan(config, imageSize, half),
    flops: imageFlops(config, imageSize, 0),
  };
}
