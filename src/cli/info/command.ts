/** `aaclip info`: what this machine offers and what a weights file needs. */
import type { Command } from 'commander';
import { imageFlops } from '../../detect/anomaly_model.js';
import { matmulTuning } from '../../gpu/tuning.js';
import { inferConfig } from '../../model/config.js';
import { memoryPlan } from '../../model/memory.js';
import { jpegIsExact } from '../../node/decode.js';
import { openClip } from '../../node/open_weights.js';
import { type CommonOptions, common, count, openDevice } from '../options.js';

interface InfoFlags extends CommonOptions {
  readonly weights?: string;
  readonly img_size: number;
}

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

export function infoCommand(program: Command): void {
  common(
    program
      .command('info')
      .description(
        'Show the adapter, its features and limits, the kernels chosen for it, and what a weights file needs.',
      )
      .option('--weights <file>', 'CLIP weights to size up')
      .option('--img_size <px>', 'image size to size up for', count(14), 518),
  ).action(async (flags: InfoFlags) => {
    const gpu = await openDevice(flags);
    const { traits, description } = gpu;
    const model =
      flags.weights === undefined
        ? undefined
        : await describe(flags.weights, flags.img_size, flags.precision === 'f16');
    const report = {
      adapter: description,
      kernels: {
        class: traits.adapterClass,
        subgroupSize: traits.subgroupSize,
        matmul: traits.adapterClass === 'cpu' ? 'matmul_panel' : 'matmul_tile',
        attention: traits.adapterClass === 'cpu' ? 'panels in registers' : 'tiles in workgroup memory',
        rows: traits.subgroupSize > 0 ? 'a row a subgroup' : 'tree in workgroup memory',
        panels: { f32: matmulTuning(traits, false), f16: matmulTuning(traits, true) },
      },
      jpeg: (await jpegIsExact()) ? 'sharp (exact)' : 'jpeg-js (a few grey levels off)',
      ...(model ? { model } : {}),
    };
    if (flags.json) {
      process.stdout.write(`${JSON.stringify(report, null, 1)}\n`);
      return;
    }
    const { limits } = description;
    const lines = [
      `adapter    ${description.description || description.device} (${description.vendor} ${description.architecture})`,
      `kernels    class ${traits.adapterClass}: ${report.kernels.matmul}; attention: ${report.kernels.attention}; rows: ${report.kernels.rows}`,
      `subgroups  ${traits.subgroupSize || 'not used'}${traits.f16 ? ', f16' : ''}`,
      `limits     ${mib(limits.maxStorageBufferBindingSize ?? 0)} a binding, ${mib(limits.maxBufferSize ?? 0)} a buffer, ${mib(limits.maxComputeWorkgroupStorageSize ?? 0)} of workgroup memory`.replace(
        '0 MiB of workgroup',
        `${(limits.maxComputeWorkgroupStorageSize ?? 0) / 1024} KiB of workgroup`,
      ),
      `features   ${description.features.join(' ')}`,
      `JPEG       ${report.jpeg}`,
    ];
    if (model) {
      lines.push(
        `model      ${model.name}: vision ${model.config.visionWidth} x ${model.config.visionLayers}, text ${model.config.textWidth} x ${model.config.textLayers}, patch ${model.config.patch}, levels ${model.config.levels.join(' ')}`,
        `memory     image tower ${mib(model.memory.vision)}, text tower ${mib(model.memory.text)} (one after the other), ${mib(model.memory.perImage)} more a picture of ${flags.img_size} px`,
        `work       ${(model.flops / 1e9).toFixed(0)} GFLOP a picture`,
      );
    }
    process.stdout.write(`${lines.join('\n')}\n`);
  });
}

async function describe(path: string, imageSize: number, rounded: boolean) {
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
