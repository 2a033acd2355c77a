/** `aaclip info`: what this machine offers and what a weights file needs. */
import type { Command } from 'commander';
import { ANY_OBJECT } from '../../data/class_prompts.js';
import { REGISTRY } from '../../data/datasets.js';
import { encodeClasses, promptedClass } from '../../detect/class_tokens.js';
import { inferenceMemory } from '../../detect/inference_memory.js';
import { methodSettings, settingsLine } from '../../detect/method_settings.js';
import type { Gpu } from '../../gpu/gpu.js';
import { chosenKernels, kernelLists } from '../../kernels/kernel_lists.js';
import { inferConfig } from '../../model/config.js';
import { imageFlops } from '../../model/image_flops.js';
import { chooseMethod } from '../../model/methods/all_methods.js';
import { jpegIsExact } from '../../node/decode.js';
import { openTokenizer } from '../../node/open_tokenizer.js';
import { openAdapters, openClip } from '../../node/open_weights.js';
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
  $ aaclip info --weights ViT-L-14-336px.pt --img_size 518
  $ aaclip info --weights ViT-L-14-336 --adapters visa_pretrained.pth`,
    )
    .action(runInfo);
}

async function runInfo(flags: InfoFlags): Promise<void> {
  if (flags.weights === undefined && flags.adapters !== undefined) {
    throw new Error('--adapters: only with the weights they belong to: add --weights, or leave it out');
  }
  const gpu = await openDevice(flags);
  const { traits, description } = gpu;
  const model = flags.weights === undefined ? undefined : await describe(gpu, flags);
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

async function describe(gpu: Gpu, flags: InfoFlags): Promise<ModelReport> {
  const { weights, adapters: path, img_size: imageSize, precision, levels } = flags;
  const clip = await openClip(weights!);
  const config = inferConfig(clip);
  const adapters = path === undefined ? undefined : await openAdapters(path, clip);
  const method = chooseMethod(flags.method, adapters);
  const use = methodSettings(method, config, { imageSize, levels }, adapters?.trained);
  method.checkpoint?.checkFit(adapters ?? {}, { ...config, levels: use.levels });
  const prompted = [promptedClass(ANY_OBJECT, REGISTRY)];
  const { classes } = await encodeClasses(await openTokenizer(), clip, prompted, 'use other weights', method);
  const need = (batch: number) => inferenceMemory(gpu, { clip, adapters, classes, precision, ...use }, batch);
  const flops = imageFlops(config, imageSize, 0);
  const sizes = { name: clip.name, config, method: { ...use, about: settingsLine(method, use) }, flops };
  const one = await need(1).catch((error: Error) => error);
  if (one instanceof Error) return { ...sizes, refused: one.message };
  // Large pictures may fit the adapter's limits only one at a time.
  const two = await need(2).catch(() => undefined);
  return { ...sizes, memory: { ...one, ...(two ? { perPicture: two.peak - one.peak } : {}) } };
}
