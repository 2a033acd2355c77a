/** Weights and adapters by path: safetensors, torch archives, the packaged model, or a model made up from a seed. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adaptersOf, CHECKPOINT_FILE, checkpointOf, type OpenedAdapters } from '../detect/sources.js';
import { type ClipTensors, canonicalClip } from '../io/clip_names.js';
import { openTensorSource } from '../io/open_tensors.js';
import type { TensorFile } from '../io/tensor_file.js';
import { inferConfig } from '../model/config.js';
import { methodOf } from '../model/methods/all_methods.js';
import { syntheticAdapters, syntheticClip, TINY, VIT_L_14_336 } from '../model/synthetic.js';
import { fileError } from './file_error.js';
import { fileFingerprint } from './file_fingerprint.js';
import { fileSource } from './file_source.js';
import { compareNatural } from './picture_files.js';
import { namedCheckpoint, namedWeights } from './weights_folder.js';

/** `synthetic`, `synthetic:tiny`, `synthetic:7` name models made up from a seed: they know nothing, and serve tests and timing. */
const SYNTHETIC = /^synthetic(?::(tiny))?(?::(\d+))?$/;

/** `tiny` names the small model that comes with the package, before any file or folder of that name. */
const PACKAGED = 'tiny';
/** Its folder, with `clip.safetensors` and the adapters. */
export const PACKAGED_FOLDER = fileURLToPath(new URL('../../weights/tiny', import.meta.url));

/** @throws one line when a file of the packaged model is missing */
function checkPackaged(folder: string, ...files: readonly string[]): void {
  const missing = files.map((file) => join(folder, file)).find((path) => !existsSync(path));
  if (missing === undefined) return;
  throw new Error(
    `${missing}: missing, but the packaged model "${PACKAGED}" needs it: make it in a checkout (npm run tiny), install aaclip again, or write ./${PACKAGED} for a file or folder of that name`,
  );
}

/**
 * Opens a file of tensors: safetensors, a file of torch, or the index of weights in several files.
 * @throws one line; for a folder it names the file to use
 */
export async function openTensors(path: string): Promise<TensorFile> {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new Error(`${path}: ${inFolder(path)}`);
  return openTensorSource(await fileSource(path));
}

/** CLIP's weights by path, or `tiny` for the packaged model (in the folder `packaged`), or a synthetic model. */
export async function openClip(path: string, packaged: string = PACKAGED_FOLDER): Promise<ClipTensors> {
  if (path === PACKAGED) {
    checkPackaged(packaged, 'clip.safetensors');
    return openClipFile(join(packaged, 'clip.safetensors'));
  }
  const m = SYNTHETIC.exec(path);
  if (m) return syntheticClip(m[1] ? TINY : VIT_L_14_336, Number(m[2] ?? 1), true);
  return openClipFile(namedWeights(path));
}

async function openClipFile(path: string): Promise<ClipTensors> {
  const file = await openTensors(path);
  const clip = canonicalClip(file);
  // A pipe was read at once and cannot be read again.
  if (!statSync(path).isFile()) return clip;
  const parts = file.parts ?? [path];
  return { ...clip, fingerprint: async () => (await Promise.all(parts.map(fileFingerprint))).join(' ') };
}

/** Files of weights as programs name them, the best first. */
const WEIGHTS = [
  /^model\.safetensors$/,
  /\.safetensors\.index\.json$/,
  /\.bin\.index\.json$/,
  /\.safetensors$/,
  /\.(?:pt|pth|bin|ckpt)$/,
];

/** What to do with a folder that was given for a file of weights. */
function inFolder(folder: string): string {
  let names: string[];
  try {
    names = readdirSync(folder).sort(compareNatural);
  } catch (error) {
    return fileError(folder, 'read', error).message.slice(folder.length + 2);
  }
  const unpacked = ['.', ...names].find((name) => existsSync(join(folder, name, 'data.pkl')));
  if (unpacked !== undefined) {
    const place = join(folder, unpacked);
    return `an unpacked archive of torch: pack it again without compression (zip -0 -r model.pt ${basename(place)}) and name that`;
  }
  if (names.includes('saved_model.pb')) return 'a SavedModel of TensorFlow: only weights that torch saved can be read';
  const found = WEIGHTS.map((pattern) => names.find((name) => pattern.test(name))).find((name) => name !== undefined);
  return `a folder: name a file of weights${found === undefined ? '' : `, such as ${join(folder, found)}`}`;
}

/**
 * Files of a folder that hold a checkpoint of another method than AA-CLIP, by epoch (`epoch_15.pth`) in the order of their
 * numbers; where none has a number, the only one as `latest`.
 * @throws one line when there are several without a number
 */
export function checkpointFiles(folder: string, names: readonly string[]): Map<number | 'latest', string> {
  const files = names.filter((name) => CHECKPOINT_FILE.test(name));
  const found = new Map<number | 'latest', string>();
  for (const name of [...files].sort()) {
    const epoch = /(?:^|_)epoch[_-]?(\d+)\.\w+$/.exec(name)?.[1];
    if (epoch !== undefined) found.set(Number(epoch), name);
  }
  if (found.size > 0) return new Map([...found].sort(([a], [b]) => Number(a) - Number(b)));
  if (files.length > 1)
    throw new Error(`${folder}: several checkpoints: name the file: ${files.slice(0, 4).join(', ')}`);
  return files.length === 1 ? found.set('latest', files[0]!) : found;
}

/** Whether a folder has a part of AA-CLIP's adapters. */
export const holdsParts = (names: readonly string[]): boolean =>
  names.some((name) => /^(?:text|image)_adapter(?:_\d+|\.\w+)?\.(?:safetensors|pth)$/.test(name));

/**
 * The adapters of a folder as training leaves it: `text_adapter` and `image_adapter`, or the image adapter of one epoch
 * (`image_adapter_{epoch}`), as .safetensors or .pth; the checkpoint of another method in a folder without these; or a file.
 * `tiny` stands for the folder `packaged`, and the name of a released checkpoint for its file, once that was fetched.
 */
export async function openAdapters(
  given: string,
  clip: ClipTensors,
  epoch?: number,
  packaged: string = PACKAGED_FOLDER,
): Promise<OpenedAdapters> {
  const path = namedCheckpoint(given);
  const m = SYNTHETIC.exec(path);
  if (m) {
    const made = syntheticAdapters(inferConfig(clip), Number(m[2] ?? 2));
    const parts = { text: made, image: made };
    return { ...parts, method: methodOf(parts), trained: {} };
  }
  if (path === PACKAGED) checkPackaged(packaged, 'text_adapter.safetensors', 'image_adapter.safetensors');
  const folder = path === PACKAGED ? packaged : path;
  if (statSync(folder, { throwIfNoEntry: false })?.isFile()) {
    if (epoch === undefined) return checkpointOf(await openTensors(folder));
    throw new Error(`${folder}: a file, so that there is no epoch ${epoch} to choose: leave the epoch out`);
  }
  let names: string[];
  try {
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    names = readdirSync(folder).sort(compareNatural);
  } catch (error) {
    throw fileError(folder, 'read', error);
  }
  const others = holdsParts(names) ? new Map<number | 'latest', string>() : checkpointFiles(folder, names);
  if (others.size > 0) {
    const file = epoch === undefined ? [...others.values()].at(-1) : others.get(epoch);
    if (file !== undefined) return checkpointOf(await openTensors(join(folder, file)));
    throw new Error(`${folder}: no checkpoint of epoch ${epoch}: expected one of ${[...others.keys()].join(', ')}`);
  }
  const find = (pattern: RegExp, what: string): string => {
    const found = names.filter((n) => pattern.test(n)).at(-1);
    if (!found) throw new Error(`${folder}: no ${what}: expected ${what}.safetensors or .pth as training writes it`);
    return join(folder, found);
  };
  const text = find(/^text_adapter(?:\.\w+)?\.(?:safetensors|pth)$/, 'text_adapter');
  const image =
    epoch === undefined
      ? find(/^image_adapter(?:_\d+|\.\w+)?\.(?:safetensors|pth)$/, 'image_adapter')
      : find(new RegExp(`^image_adapter_${epoch}\\.(?:safetensors|pth)$`), `image_adapter_${epoch}`);
  return adaptersOf(await openTensors(text), await openTensors(image));
}
