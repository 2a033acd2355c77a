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
  return { method, ...method.checkpoint.open(withoutWrappers(file)) };
}
