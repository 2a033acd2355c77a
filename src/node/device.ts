/** The Node host: Dawn's entry point, the kernels' texts, and a way of waiting that leaves the cores to the device. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Gpu, GpuError, type GpuHost, type GpuOptions } from '../gpu/gpu.js';
import { lineOf } from '../gpu/health.js';
import { knownTiles } from '../kernels/known_tiles.js';
import { ensureRuntimeFolder } from './runtime_folder.js';
import { waitSparingly } from './sparing_wait.js';
import { readTiles } from './tiles_file.js';

const SHADERS = fileURLToPath(new URL('../../shaders/', import.meta.url));

/** Toggles for f16 on NVIDIA, exact timestamps and kernels without added checks; this Dawn knows them all. */
const ENABLE = [
  'allow_unsafe_apis',
  'vulkan_enable_f16_on_nvidia',
  'use_vulkan_memory_model',
  'disable_robustness',
  'disable_workgroup_init',
];
const DISABLE = ['timestamp_quantization', 'enable_spirv_validation'];

/** Flags for Dawn's entry point. */
export const TOGGLES: readonly string[] = [
  `enable-dawn-features=${ENABLE.join()}`,
  `disable-dawn-features=${DISABLE.join()}`,
];

/**
 * Dawn's entry points by their flags. The process crashes where one is collected while a device of it lives, and each
 * takes memory and a file descriptor that are never given back: so each is made once, and kept.
 */
const entries = new Map<string, GPU>();

export interface NodeHostOptions extends GpuOptions {
  /** A part of the adapter's name. */
  readonly adapter?: string | undefined;
  /** Use Dawn's default settings, as browsers do. */
  readonly defaultToggles?: boolean | undefined;
  /** Called with a line for the user, such as a note on a file in the cache that is no use; `console.warn` by default. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/** The text of every kernel by the stem of its file. */
export function readShaders(folder: string = SHADERS): Map<string, string> {
  const files = readdirSync(folder).filter((f) => f.endsWith('.wgsl'));
  return new Map(files.map((f) => [f.slice(0, -5), readFileSync(join(folder, f), 'utf8')]));
}

/** Dawn's bindings. @throws GpuError where there are none for this system */
async function binding(): Promise<typeof import('webgpu')> {
  try {
    return await import('webgpu');
  } catch (error) {
    throw new GpuError(
      `webgpu: no binding for ${process.platform}-${process.arch}: ${lineOf(error)}: run npm install on this machine, or use a browser with WebGPU`,
    );
  }
}

async function entryPoint(flags: readonly string[]): Promise<GPU> {
  const { create, globals } = await binding();
  Object.assign(globalThis, globals);
  const key = flags.join(' ');
  const entry = entries.get(key) ?? create([...flags]);
  entries.set(key, entry);
  return entry;
}

/**
 * Dawn's entry point with our toggles; hosts with the same options share it.
 * @throws GpuError where the binding does not run on this system
 */
export async function nodeHost(options: NodeHostOptions = {}): Promise<GpuHost> {
  ensureRuntimeFolder();
  const flags = options.defaultToggles ? [] : [...TOGGLES];
  if (options.adapter) flags.push(`adapter=${options.adapter}`);
  return { entry: await entryPoint(flags), adapter: options.adapter, shaders: readShaders(), wait: waitSparingly };
}

/**
 * Opens the device of this machine, with the tiles known for its adapter: those of the options, else those that tuning
 * left in the cache, else those that come with the program.
 * @throws GpuError with the remedy when there is no device
 */
export async function openGpu(options: NodeHostOptions = {}): Promise<Gpu> {
  const gpu = await Gpu.open(await nodeHost(options), options);
  const { description, traits } = gpu;
  gpu.tiles = options.tiles ?? readTiles(description, traits, options.onNote) ?? knownTiles(description);
  return gpu;
}
