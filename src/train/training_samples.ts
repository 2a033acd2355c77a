/** Samples in memory or by path, decoded a batch ahead of the step that uses them. */
import { AaclipError, within } from '../detect/errors.js';
import { type LibraryHost, readPicture } from '../detect/sources.js';
import { prepareMask, toMask } from '../picture/mask.js';
import type { PictureRules } from '../picture/picture.js';
import { PIXEL_BUDGET } from '../picture/pixel_budget.js';
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

interface ReadOptions {
  readonly rules?: PictureRules | undefined;
  readonly signal?: AbortSignal | undefined;
}

async function openMask(
  host: LibraryHost,
  { label, mask }: TrainingSample,
  size: number,
  name: string,
  { rules, signal }: ReadOptions,
): Promise<Uint8Array> {
  // A good picture has nothing to mark, even if a mask was given.
  if (label === 0 || mask === undefined) return new Uint8Array(size * size);
  // A mask of few levels must not be scaled.
  const options = { signal, rules: { ...rules, depth: 'clip' } as const };
  const opened = isMask(mask) ? mask : toMask(await (await readPicture(host, mask, name, options)).decode());
  return prepareMask(opened, size, size, rules?.maskThreshold);
}

/**
 * Samples as training takes them.
 * @param size side of the masks, in pixels
 */
export function librarySamples(
  host: LibraryHost,
  samples: readonly TrainingSample[],
  size: number,
  options: ReadOptions,
): SampleSource {
  const open = (index: number): Promise<LoadedSample> =>
    within('picture', async () => {
      const sample = samples[index]!;
      const file = await readPicture(host, sample.picture, `sample ${index + 1}`, options);
      const picture = await file.decode();
      const mask = await openMask(host, sample, size, `mask of ${picture.name}`, options);
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
        const bytes = batch.reduce((sum, { picture }) => sum + picture.data.length, 0);
        // Large pictures are not opened ahead: two batches of them might not fit in memory.
        const early = bytes <= PIXEL_BUDGET / 2;
        if (early) coming = ahead(batches[at + 1]);
        yield batch;
        if (!early) coming = ahead(batches[at + 1]);
      }
    },
  };
}
