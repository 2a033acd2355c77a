/** The methods there are. A new one is a file in this folder and a row here. */
import { listNames, type TensorFile } from '../../io/tensor_file.js';
import { withoutWrappers } from '../../io/wrapped_names.js';
import { AA_CLIP } from './aa_clip.js';
import { ANOMALY_CLIP } from './anomaly_clip.js';
import { APRIL_GAN } from './april_gan.js';
import type { Method, TrainedParts } from './method.js';
import { PLAIN_CLIP } from './plain_clip.js';

export const METHODS: readonly Method[] = [AA_CLIP, APRIL_GAN, ANOMALY_CLIP, PLAIN_CLIP];

/** A method by its name. @throws one line with the names there are */
export function methodNamed(name: string): Method {
  const found = METHODS.find((m) => m.name === name.trim().toLowerCase());
  if (found) return found;
  throw new Error(`method: unknown name ${name}: expected one of ${METHODS.map((m) => m.name).join(', ')}`);
}

/** The method of trained tensors that nobody has named: AA-CLIP, or plain CLIP where its image tower is. */
export const methodOf = ({ method, image }: TrainedParts & { readonly method?: Method | undefined }): Method =>
  method ?? (image ? AA_CLIP : PLAIN_CLIP);

/**
 * The method of a checkpoint, or the one that is named.
 * @param name as `--method` gives it; undefined where the checkpoint decides
 * @param opened undefined where there is no checkpoint
 * @throws one line when the name is unknown, the checkpoint is of another method, or the method needs one
 */
export function chooseMethod(name: string | undefined, opened: OpenedCheckpoint | undefined): Method {
  const own = methodOf(opened ?? {});
  const named = name === undefined ? own : methodNamed(name);
  if (named === own) return own;
  if (opened) {
    const file = (opened.image ?? opened.text)!.name;
    throw new Error(
      `${file}: a checkpoint of ${own.title}, not of ${named.title}: leave out the method, or give another file`,
    );
  }
  throw new Error(`method ${named.name}: needs its checkpoint: give the file of ${named.title}'s adapters`);
}

export interface OpenedCheckpoint extends TrainedParts {
  readonly method: Method;
}

/** The method whose checkpoint a file is; undefined where it is none. */
export function recognise(file: TensorFile): Method | undefined {
  const names = [...withoutWrappers(file).tensors.keys()];
  return METHODS.find(({ checkpoint }) => checkpoint?.recognises(names));
}

/**
 * A checkpoint of any method, recognised by the names of its tensors.
 * @throws one line when it is of no known method, or lacks tensors
 */
export function openCheckpoint(file: TensorFile): OpenedCheckpoint {
  const method = recognise(file);
  if (!method?.checkpoint) {
    const known = METHODS.flatMap(({ title, checkpoint }) => (checkpoint ? [`${checkpoint.example} (${title})`] : []));
    throw new Error(
      `${file.name}: no checkpoint of a known method: expected tensors such as ${known.join(', ')}, got ${listNames([...file.tensors.keys()])}; give the file that training saved`,
    );
  }
  const parts = method.checkpoint.open(withoutWrappers(file));
  // AA-CLIP's text adapters alone leave the image tower plain.
  return { ...parts, method: methodOf(method === AA_CLIP ? parts : { ...parts, method }) };
}
