/** What figures belong to: the weights, the adapters and the settings that all data sets of a folder are tested with. */
import type { ClipTensors } from '../../io/clip_names.js';
import { fileFingerprint } from '../../node/file_fingerprint.js';
import type { TestFlags } from '../test_adapters/flags.js';
import type { TestSettings } from '../test_adapters/output.js';
import type { ImageCheckpoint, TestedAdapters } from '../test_adapters/tested_adapters.js';

/** What all data sets of a folder were tested with. */
export interface RunIdentity extends Omit<TestSettings, 'resultsDir'> {
  /** `--class`. */
  readonly classes: string | null;
  readonly skipBroken: boolean;
  readonly weightsFingerprint: string;
  readonly textFingerprint: string;
}

export async function identityOf(
  flags: TestFlags,
  { resultsDir, ...settings }: TestSettings,
  { text }: TestedAdapters,
  clip: ClipTensors,
): Promise<RunIdentity> {
  return {
    ...settings,
    classes: flags.class ?? null,
    skipBroken: flags.skipBroken ?? false,
    weightsFingerprint: (await clip.fingerprint?.()) ?? flags.weights,
    textFingerprint: text ? await fileFingerprint(text.name) : 'plain',
  };
}

/** Fingerprints of the image adapters by their epochs. */
export async function adapterPrints({ images }: TestedAdapters): Promise<Map<ImageCheckpoint['epoch'], string>> {
  const print = async ({ epoch, file }: ImageCheckpoint): Promise<[ImageCheckpoint['epoch'], string]> => [
    epoch,
    file === undefined ? 'plain' : await fileFingerprint(file),
  ];
  return new Map(await Promise.all(images.map(print)));
}
