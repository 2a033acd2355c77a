/**
 * Records in the image adapters of a model how scores are spread on the pictures of their training, as `aaclip train` does at
 * the end of an epoch. Their tensors stay the same, byte for byte.
 */
import { join } from 'node:path';
import { type RecordedPicture, scoreRecords } from '#src/detect/score_records';
import { type Gpu, loadDetector, openTensors, toWrite, writeAtomically, writeSafetensors } from '#src/node/node';
import { recordedBatches } from '#src/train/recorded_scores';
import { PUBLISHED_SETTINGS } from '#src/train/training_options';
import { stageTwoPictures } from './adaptation.js';
import { drawPictures, SIZE } from './held_out.js';

/** @param folder holds clip, text_adapter and image_adapter */
export async function recordTinyScores(gpu: Gpu, folder: string): Promise<void> {
  const planned = stageTwoPictures();
  // Stage two draws its order from the seed after the run's.
  const [taken] = recordedBatches(planned.length, PUBLISHED_SETTINGS.seed + 1, planned.length);
  const pictures = await drawPictures(Array.from(taken!, (i) => planned[i]!));
  const words = new Map(pictures.map((p) => [p.className, p.words]));
  const path = join(folder, 'image_adapter.safetensors');
  using detector = await loadDetector({
    ...{ weights: join(folder, 'clip.safetensors'), adapters: folder, imageSize: SIZE, gpu, cache: false },
    classes: [...words].map(([name, called]) => ({ name, words: called })),
  });
  const decoded = pictures.map(({ rgb }) => ({ width: SIZE, height: SIZE, data: rgb }));
  const recorded: RecordedPicture[] = [];
  const detections = detector.detect(
    decoded,
    pictures.map((p) => p.className),
  );
  for await (const { index, domain, score, peak } of detections) {
    recorded.push({ domain, score, peak: peak.value, label: pictures[index]!.label });
  }
  const file = await openTensors(path);
  const names = [...file.tensors.keys()];
  const tensors = await Promise.all(names.map(async (name) => toWrite(name, await file.read(name))));
  const scores = JSON.stringify(scoreRecords(recorded));
  await writeAtomically(path, writeSafetensors(tensors, { ...Object.fromEntries(file.metadata), scores }));
}
