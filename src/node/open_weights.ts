/** Weights and adapters by path: safetensors, torch archives, the packaged model, or a model made up from a seed. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adaptersOf, type OpenedAdapters } from '../detect/sources.js';
import type { AdapterTensors } from '../io/adapter_names.js';
import { type ClipTensors, canonicalClip } from '../io/clip_names.js';
import { openTensorSource } from '../io/open_tensors.js';
import type { TensorFile } from '../io/tensor_file.js';
import { inferConfig } from '../model/config.js';
import { syntheticAdapters, syntheticClip, TINY, VIT_L_14_336 } from '../model/synthetic.js';
import { fileError } from './file_error.js';
import { fileFingerprint } from './file_fingerprint.js';
import { fileSource } from './file_source.js';
import { compareNatural } from './picture_files.js';
import { namedWeights } from './weights_folder.js';

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

/** Opens a file of tensors, safetensors or a torch archive. */
export async function openTensors(path: string): Promise<TensorFile> {
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
  const clip = canonicalClip(await openTensors(path));
  // A pipe was read at once and cannot be read again.
  return statSync(path).isFile() ? { ...clip, fingerprint: () => fileFingerprint(path) } : clip;
}

/** A folder of adapters has both parts. */
export interface AdapterFiles extends OpenedAdapters {
  readonly text: AdapterTensors;
  readonly image: AdapterTensors;
}

/**
 * The adapters of a folder as training leaves it: `text_adapter` and `image_adapter`, or the image adapter of one epoch
 * (`image_adapter_{epoch}`), as .safetensors or .pth. `tiny` stands for the folder `packaged`.
 */
export async function openAdapters(
  path: string,
  clip: ClipTensors,
  epoch?: number,
  packaged: string = PACKAGED_FOLDER,
): Promise<AdapterFiles> {
  const m = SYNTHETIC.exec(path);
  if (m) {
    const made = syntheticAdapters(inferConfig(clip), Number(m[2] ?? 2));
    return { text: made, image: made, trained: {} };
  }
  if (path === PACKAGED) checkPackaged(packaged, 'text_adapter.safetensors', 'image_adapter.safetensors');
  const folder = path === PACKAGED ? packaged : path;
  let names: string[];
  try {
    if (!statSync(folder).isDirectory()) throw Object.assign(new Error(), { code: 'ENOTDIR' });
    names = readdirSync(folder).sort(compareNatural);
  } catch (error) {
    throw fileError(folder, 'read', error);
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
  const opened = adaptersOf(await openTensors(text), await openTensors(image));
  return { ...opened, text: opened.text!, image: opened.image! };
}
