/** The checkpoints in a folder that are tested, checked against the flags before anything is computed. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TrainedWith, trainedWith } from '../../detect/trained_with.js';
import { type AdapterTensors, canonicalAdapters } from '../../io/adapter_names.js';
import { checkAdapterFit, countAdapters } from '../../model/adapter_fit.js';
import type { ClipConfig } from '../../model/config.js';
import { fileError } from '../../node/file_error.js';
import { openTensors } from '../../node/open_weights.js';
import type { TestFlags } from './flags.js';

export interface ImageCheckpoint {
  /**
   * Name in the results: the number of an epoch, `latest` for a checkpoint without a number, `plain` for no adapters.
   */
  readonly epoch: number | 'latest' | 'plain';
  readonly tensors: AdapterTensors | undefined;
}

export interface TestedAdapters {
  /** Undefined for plain CLIP's text tower. */
  readonly text: AdapterTensors | undefined;
  /** In the order of their epochs; at least one. */
  readonly images: readonly ImageCheckpoint[];
  readonly trained: TrainedWith;
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
  return { tensors, trained: trainedWith(file.metadata.get('flags')) };
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
  if (flags.plain === 'all') return { text: undefined, images: [{ epoch: 'plain', tensors: undefined }], trained: {} };
  const folder = flags.save_path;
  const names = filesOf(folder);
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
  if (text) checkText(text.tensors, config, flags);
  const images: (Opened & ImageCheckpoint)[] = [];
  for (const [epoch, name] of files) {
    if (flags.epoch !== undefined && epoch !== flags.epoch) continue;
    const opened = await open(join(folder, name), 'image');
    checkImage(opened.tensors, config, flags);
    images.push({ epoch, ...opened });
  }
  return { text: text?.tensors, images, trained: { ...text?.trained, ...images.at(-1)!.trained } };
}
