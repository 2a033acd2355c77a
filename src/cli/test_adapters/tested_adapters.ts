/** The checkpoints in a folder that are tested, checked against the flags before anything is computed. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelAdapters } from '../../detect/anomaly_model.js';
import { type MethodSettings, methodSettings } from '../../detect/method_settings.js';
import { checkpointOf } from '../../detect/sources.js';
import { type TrainedWith, trainedWith } from '../../detect/trained_with.js';
import { type AdapterTensors, canonicalAdapters } from '../../io/adapter_names.js';
import { checkAdapterFit, countAdapters } from '../../model/adapter_fit.js';
import type { ClipConfig } from '../../model/config.js';
import { chooseMethod, methodOf } from '../../model/methods/all_methods.js';
import type { Method } from '../../model/methods/method.js';
import { fileError } from '../../node/file_error.js';
import { checkpointFiles, holdsParts, openTensors } from '../../node/open_weights.js';
import { namedCheckpoint } from '../../node/weights_folder.js';
import type { TestFlags } from './flags.js';

export interface ImageCheckpoint {
  /**
   * Name in the results: the number of an epoch, `latest` for a checkpoint without a number, `plain` for no adapters.
   */
  readonly epoch: number | 'latest' | 'plain';
  readonly adapters: ModelAdapters | undefined;
  /** The file that differs between epochs; undefined where nothing is adapted. */
  readonly file: string | undefined;
}

export interface TestedAdapters {
  readonly method: Method;
  /** AA-CLIP's text adapters, which its epochs share; undefined for plain CLIP's text tower and for other methods. */
  readonly text: AdapterTensors | undefined;
  /** In the order of their epochs; at least one. */
  readonly images: readonly ImageCheckpoint[];
  /** How the method is used, as flags and checkpoints say. */
  readonly use: MethodSettings;
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw new Error(
      `${fileError(folder, 'read', error).message}: --save_path names the folder that training wrote; --plain tests plain CLIP`,
    );
  }
}

/** Image checkpoints by epoch, in the order of their numbers; where no file has a number, only the latest one. */
function imageFiles(names: readonly string[]): Map<number | 'latest', string> {
  const found = new Map<number | 'latest', string>();
  // Where an epoch has a file in both formats, the safetensors file is taken: it sorts last.
  for (const name of [...names].sort()) {
    const epoch = /^image_adapter_(\d+)\.(?:pth|safetensors)$/.exec(name)?.[1];
    if (epoch !== undefined) found.set(Number(epoch), name);
  }
  if (found.size > 0) return new Map([...found].sort(([a], [b]) => Number(a) - Number(b)));
  const latest = latestOf(names, 'image');
  return latest === undefined ? found : new Map([['latest', latest]]);
}

function latestOf(names: readonly string[], part: 'text' | 'image'): string | undefined {
  return ['safetensors', 'pth'].map((end) => `${part}_adapter.${end}`).find((name) => names.includes(name));
}

interface Opened {
  readonly tensors: AdapterTensors;
  readonly trained: TrainedWith;
}

async function open(path: string, part: 'text' | 'image'): Promise<Opened> {
  const file = await openTensors(path);
  const tensors = canonicalAdapters(file);
  if (!tensors[part])
    throw new Error(`${path}: no ${part} adapter in it: expected what training writes under that name`);
  return { tensors, trained: trainedWith(file.metadata) };
}

function expectBlocks(a: AdapterTensors, flag: string, held: number, wanted: number | undefined): void {
  if (wanted !== undefined && wanted !== held) {
    throw new Error(`${a.name}: ${flag} ${wanted}: expected ${held}, as many as the checkpoint holds: leave it out`);
  }
}

function checkText(a: AdapterTensors, config: ClipConfig, flags: TestFlags): void {
  checkAdapterFit(a, 'text', config);
  expectBlocks(a, '--text_adapt_until', countAdapters(a, 'text_adapter.') - 1, flags.text_adapt_until);
}

function checkImage(a: AdapterTensors, config: ClipConfig, flags: TestFlags): void {
  checkAdapterFit(a, 'image', config);
  const blocks = countAdapters(a, 'image_adapter.layer_adapters.');
  expectBlocks(a, '--image_adapt_until', blocks, flags.image_adapt_until);
  if (flags.relu && !a.relu) {
    throw new Error(`${a.name}: --relu: this checkpoint was trained without (seg_proj.0.fc.weight): leave it out`);
  }
}

/**
 * Opens the checkpoints of the folder `--save_path`.
 * @throws one line when the text adapter is missing and `--plain` was not given, the epoch is missing, or a checkpoint does
 * not fit the flags or the weights
 */
export async function openTested(flags: TestFlags, config: ClipConfig): Promise<TestedAdapters> {
  if (flags.plain === 'all') {
    const method = chooseMethod(flags.method, undefined);
    const images = [{ epoch: 'plain', adapters: undefined, file: undefined }] as const;
    return { method, text: undefined, images, use: useOf(method, config, flags) };
  }
  const folder = namedCheckpoint(flags.save_path);
  if (statSync(folder, { throwIfNoEntry: false })?.isFile()) {
    return openMethod(new Map([['latest', folder]]), flags, config);
  }
  const names = filesOf(folder);
  const others = holdsParts(names) ? new Map<number | 'latest', string>() : checkpointFiles(folder, names);
  if (others.size > 0) {
    return openMethod(new Map([...others].map(([epoch, name]) => [epoch, join(folder, name)])), flags, config);
  }
  const textFile = latestOf(names, 'text');
  if (textFile === undefined && flags.plain === undefined) {
    throw new Error(
      `${folder}: no text_adapter: expected text_adapter.safetensors or .pth as training writes it: train stage one, or give "--plain text" for plain CLIP's text tower, --plain for no adapters at all`,
    );
  }
  const files = imageFiles(names);
  if (files.size === 0) {
    throw new Error(
      `${folder}: no image_adapter: expected image_adapter_N.safetensors or .pth as training writes them`,
    );
  }
  if (flags.epoch !== undefined && !files.has(flags.epoch)) {
    const there = files.has('latest')
      ? 'the only checkpoint there has no number: leave out --epoch'
      : `expected one of ${[...files.keys()].join(', ')}`;
    throw new Error(`${folder}: no image_adapter_${flags.epoch}: ${there}`);
  }
  const text =
    textFile !== undefined && flags.plain === undefined ? await open(join(folder, textFile), 'text') : undefined;
  const at = { ...config, levels: flags.levels ?? config.levels };
  if (text) checkText(text.tensors, at, flags);
  const images: (Opened & ImageCheckpoint)[] = [];
  for (const [epoch, name] of files) {
    if (flags.epoch !== undefined && epoch !== flags.epoch) continue;
    const opened = await open(join(folder, name), 'image');
    checkImage(opened.tensors, at, flags);
    const adapters = { text: text?.tensors, image: opened.tensors };
    images.push({ epoch, adapters, file: opened.tensors.name, ...opened });
  }
  const { adapters } = images[0]!;
  const method = chooseMethod(flags.method, { ...adapters, method: methodOf(adapters!) });
  const trained = { ...text?.trained, ...images.at(-1)!.trained };
  return { method, text: text?.tensors, images, use: useOf(method, config, flags, trained) };
}

const useOf = (method: Method, config: ClipConfig, flags: TestFlags, trained?: TrainedWith): MethodSettings =>
  methodSettings(
    method,
    config,
    {
      imageSize: flags.img_size,
      textMix: flags.text_adapt_weight,
      imageMix: flags.image_adapt_weight,
      activation: flags.activation,
      levels: flags.levels,
    },
    trained,
  );

/** Checkpoints that are a file each, by epoch: of any method, the same one. */
async function openMethod(
  files: ReadonlyMap<number | 'latest', string>,
  flags: TestFlags,
  config: ClipConfig,
): Promise<TestedAdapters> {
  const { epoch: wanted, save_path: path } = flags;
  if (wanted !== undefined && !files.has(wanted)) {
    throw new Error(`${path}: no checkpoint of epoch ${wanted}: expected one of ${[...files.keys()].join(', ')}`);
  }
  let found: Pick<TestedAdapters, 'method' | 'use'> | undefined;
  const images: ImageCheckpoint[] = [];
  for (const [epoch, file] of files) {
    if (wanted !== undefined && epoch !== wanted) continue;
    const { trained, ...adapters } = checkpointOf(await openTensors(file));
    const method = chooseMethod(found?.method.name ?? flags.method, adapters);
    found ??= { method, use: useOf(method, config, flags, trained) };
    method.checkpoint?.checkFit(adapters, { ...config, levels: found.use.levels });
    images.push({ epoch, adapters, file });
  }
  return { ...found!, text: undefined, images };
}
