/** What a page is told of a picture: its score and map, or the map of each level. */
import type { Detection } from '../detect/detection.js';
import { peakOf } from '../detect/detection.js';
import type { Detector } from '../detect/detector.js';
import { AaclipError, checkAborted, within } from '../detect/errors.js';
import { levelMaps } from '../detect/level_maps.js';
import type { LibraryHost } from '../detect/sources.js';
import type { EngineRequest, LevelReport, ModelUse, ScoreReport } from './engine_messages.js';
import { modelReport, type Tell } from './engine_model.js';
import { decodeGiven } from './given_picture.js';
import { previewOf } from './preview.js';
import { StepTimes } from './step_times.js';

export interface ScoreJobParts {
  readonly host: LibraryHost;
  readonly load: (use: ModelUse, tell: Tell, signal: AbortSignal) => Promise<Detector>;
  readonly tell: Tell;
  readonly signal: AbortSignal;
}

type Asked<K extends EngineRequest['kind']> = Extract<EngineRequest, { kind: K }>;

/** Scores a picture. @throws AaclipError, PictureError */
export async function scoreGiven(
  request: Asked<'score'>,
  { host, load, tell: announce, signal }: ScoreJobParts,
): Promise<ScoreReport> {
  const { name, className } = request;
  const steps = new StepTimes();
  const tell: Tell = (stage, share) => {
    steps.begin(stage);
    announce(stage, share);
  };
  tell('picture');
  const { picture, orientation } = await decodeGiven(host, request, signal);
  const detector = await load(request, tell, signal);
  tell('score');
  let found: Detection | undefined;
  for await (const one of detector.detect(picture, className, { batchSize: 1, signal })) found = one;
  if (!found) throw new AaclipError('score', `${name}: no score came back: try it again`);
  steps.end();
  const { score, imageScore, peak, domain, decision } = found;
  const { score: decided, anomalous, source, rule } = decision;
  return {
    ...{ name, className, domain, score, imageScore, peak },
    decision: { score: decided, anomalous, source, rule },
    map: decision.map(),
    width: picture.width,
    height: picture.height,
    preview: previewOf(picture),
    orientation,
    model: modelReport(detector, className),
    steps: steps.taken,
  };
}

/** The maps of a picture's levels, from the lowest to the highest. @throws AaclipError, PictureError */
export async function levelsOfGiven(
  request: Asked<'levels'>,
  { host, load, tell, signal }: ScoreJobParts,
): Promise<readonly LevelReport[]> {
  tell('picture');
  const { picture } = await decodeGiven(host, request, signal);
  const detector = await load(request, tell, signal);
  tell('score');
  const maps = await within('score', () => levelMaps(detector, picture, request.className));
  checkAborted(signal);
  return maps.map(({ block, scaled: map }) => ({ block, map, peak: peakOf(map, picture.width, picture.height) }));
}
