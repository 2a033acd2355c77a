/** Samples in memory or by path, decoded a batch ahead of the step that uses them. */
import { AaclipError, within } from '../detect/errors.js';
import { type LibraryHost, openPicture } from '../detect/sources.js';
import { prepareMask, toMask } from '../picture/mask.js';
import type { SampleSource } from './dry_run.js';
import { isMask, type TrainingSample } from './training_options.js';
import type { LoadedSample } from './training_run.js';

/** @throws AaclipError `options` when there are no samples, or a faulty one has no mask */
export function checkSamples(samples: readonly TrainingSample[]): void {
  if (samples.length === 0) throw new AaclipError('options', 'train: samples: expected at least one, got none');
  samples.forEach(({ label, mask }, i) => {
    if (label !== 0 && label !== 1) {
      throw new AaclipError('options', `train: sample ${i + 1}: expected label 0 or 1, got ${String(label)}`);
    }
    if (label === 1 && mask === undefined) {
      throw new AaclipError('options', `train: sample ${i + 1}: a faulty picture without mask: training needs one`);
    }
  });
}

async function openMask(
  host: LibraryHost,
  { label, mask }: TrainingSample,
  size: number,
  name: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  // A good picture has nothing to mark, even if a mask was given.
  if (label === 0 || mask === undefined) return new Uint8Array(size * size);
  const opened = isMask(mask) ? mask : toMask(await openPicture(host, mask, name, signal));
  return prepareMask(opened, size, size);
}

/**
 * Samples as training takes them.
 * @param size side of the masks, in pixels
 */
export function librarySamples(
  host: LibraryHost,
  samples: readonly TrainingSample[],
  size: number,
  signal: AbortSignal | undefined,
): SampleSource {
  const open = (index: number): Promise<LoadedSample> =>
    within('picture', async () => {
      const sample = samples[index]!;
      const picture = await openPicture(host, sample.picture, `sample ${index + 1}`, signal);
      const mask = await openMask(host, sample, size, `mask of ${picture.name}`, signal);
      return { index, path: picture.name, picture, mask, label: sample.label, className: sample.className };
    });
  return {
    count: samples.length,
    async *load(batches) {
      const ahead = (indices: Uint32Array | undefined): Promise<LoadedSample[]> => {
        const opening = Promise.all([...(indices ?? [])].map(open));
        // Awaited below; this avoids an unhandled rejection until then.
        opening.catch(() => undefined);
        return opening;
      };
      let coming = ahead(batches[0]);
      for (const at of batches.keys()) {
        const batch = await coming;
        coming = ahead(batches[at + 1]);
        yield batch;
      }
    },
  };
}
