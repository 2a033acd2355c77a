/** What a run is trained on, as fingerprints that its checkpoints record: a resumed run must not change it half way. */
import type { Sample } from '../data/metadata.js';
import { hasSha256, sha256 } from '../io/sha256.js';
import type { TensorView } from '../io/tensor_view.js';

export interface RunOrigin {
  /** Of the samples in their order, as the list names them; undefined where they are not from a list. */
  readonly list?: string;
  /** Of the values of CLIP's weights: a converted copy of the same dtype has the same. */
  readonly weights: string;
}

const textOf = (rows: readonly unknown[]): Promise<string> => sha256(new TextEncoder().encode(JSON.stringify(rows)));

/**
 * Reads all weights once. Paths in a list are relative to the data set's folder, which may be moved between two runs.
 * @returns undefined on a web page that has no SHA-256: nothing is then recorded or compared
 */
export async function runOrigin(clip: TensorView, samples?: readonly Sample[]): Promise<RunOrigin | undefined> {
  if (!hasSha256()) return undefined;
  const rows = samples?.map((s) => [s.imagePath, s.maskPath ?? '', s.label, s.className]);
  const tensors: unknown[] = [];
  for (const name of [...clip.names].sort()) {
    const { dtype, shape, bytes } = await clip.read(name);
    tensors.push([name, dtype, shape, await sha256(bytes)]);
  }
  return { ...(rows ? { list: await textOf(rows) } : {}), weights: await textOf(tensors) };
}
