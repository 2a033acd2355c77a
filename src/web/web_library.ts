/** The library in a browser, in a page or a worker. */
import { Detector } from '../detect/detector.js';
import type { DetectorOptions } from '../detect/open_model.js';
import { Training } from '../train/training.js';
import type { TrainOptions } from '../train/training_options.js';
import { webHost } from './web_host.js';

export { openGpu } from './web_host.js';

// Bundlers recognise this pattern: they copy the files and replace the addresses.
const WEB_LIBRARY = webHost({
  merges: new URL('../../weights/clip_merges.txt', import.meta.url),
  clip: new URL('../../weights/tiny/clip.safetensors', import.meta.url),
  text: new URL('../../weights/tiny/text_adapter.safetensors', import.meta.url),
  image: new URL('../../weights/tiny/image_adapter.safetensors', import.meta.url),
});

/**
 * Loads a detector: weights, adapters and the anchors of every class. Dispose of it when done (`using`).
 *
 * Sources are URLs (a string is relative to the page or worker), Blobs and Files, bytes, or "tiny" for the packaged
 * model.
 * @throws AaclipError (as a rejection); its code says what the error is about
 */
export function loadDetector(options: DetectorOptions): Promise<Detector> {
  return Detector.load(WEB_LIBRARY, options);
}

/**
 * Trains adapters in two stages: iterate over the steps, or await `finish()`. `onSave` receives checkpoints, `resume`
 * continues from them.
 *
 * Nothing is opened until the first step is requested; the iteration throws its errors, as AaclipError.
 */
export function train(options: TrainOptions): Training {
  return new Training(WEB_LIBRARY, options);
}
