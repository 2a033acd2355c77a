/** Draws and encodes every n-th picture of a list: one thread of main.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { encodePng } from '#src/node/encode_png';
import type { Share } from '../threads.js';
import { drawSample, type SampleSpec } from './sample.js';

/** PNG files of a picture of the list. */
export interface EncodedPicture {
  readonly index: number;
  readonly picture: Uint8Array;
  readonly mask: Uint8Array;
}

const { samples, first, every } = workerData as { readonly samples: readonly SampleSpec[] } & Share;
for (let index = first; index < samples.length; index += every) {
  const { rgb, mask, size } = drawSample(samples[index]!);
  const white = mask.map((value) => value * 255);
  const encoded = { picture: encodePng(size, size, rgb), mask: encodePng(size, size, white) };
  parentPort?.postMessage({ index, ...encoded } satisfies EncodedPicture);
}
