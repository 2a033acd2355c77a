/** Weights as tasks name them: by a name that every machine knows, or by files in the store. */
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { openTensors } from '../../node/open_weights.js';
import { namedWeights } from '../../node/weights_folder.js';
import { FILE_REF, type FileFetcher, publish } from './file_refs.js';
import type { Store } from './store.js';

/** Models that come with the program, or are made up from a seed. */
const EVERYWHERE = /^(?:tiny|synthetic(?::tiny)?(?::\d+)?)$/;

export const MODEL_REF = z.union([
  z.strictObject({ named: z.string().regex(EVERYWHERE) }),
  /** `inside`: the file to open in a folder of several. */
  z.strictObject({
    file: FILE_REF,
    inside: z
      .string()
      .regex(/^(?!\.{1,2}$)[^/\\]+$/)
      .optional(),
  }),
]);

export type ModelRef = z.infer<typeof MODEL_REF>;

/** The name, where every machine knows it. */
export const namedEverywhere = (given: string): ModelRef | undefined =>
  EVERYWHERE.test(given) ? { named: given } : undefined;

/** Puts weights into the store, unless every machine has them. @throws one line when they cannot be read or stored */
export async function publishWeights(store: Store, weights: string): Promise<ModelRef> {
  const named = namedEverywhere(weights);
  if (named) return named;
  const path = namedWeights(weights);
  const { parts } = await openTensors(path);
  if (!parts) return { file: await publish(store, path) };
  const names = new Set([path, ...parts].map((part) => basename(part)));
  return { file: await publish(store, dirname(path), (name) => names.has(name)), inside: basename(path) };
}

/** What to open: a name, or a path on this machine. @throws one line when the store does not have it */
export async function modelPath(files: FileFetcher, ref: ModelRef): Promise<string> {
  if ('named' in ref) return ref.named;
  const path = await files.fetch(ref.file);
  return ref.inside === undefined ? path : join(path, ref.inside);
}
