/**
 * Three ways of telling faulty pictures of a class, on the same detections: the zero-shot map, the distances to references, and
 * both as a calibration combines them.
 */
import { calibrate } from '#src/calibrate/calibrate';
import type { Detector } from '#src/detect/detector';
import { evidenceMap, peakValue } from '#src/detect/evidence';
import { ClassScores } from '#src/eval/metrics';

export const WAYS = ['zero-shot', 'references', 'both'] as const;
export type Way = (typeof WAYS)[number];

/** A drawn picture. */
export interface DrawnPicture {
  /** Bytes [S, S, 3]. */
  readonly rgb: Uint8Array;
  /** 1 where the fault is, [S, S]. */
  readonly mask: Uint8Array;
  readonly label: 0 | 1;
}

/** What a way makes of a picture: the map [S, S], and the score, where it is not simply the map's peak. */
interface Judgement {
  readonly map: Float32Array;
  readonly imageScore?: number;
}

export interface JudgedPicture {
  readonly label: 0 | 1;
  readonly mask: Uint8Array;
  readonly ways: Readonly<Record<Way, Judgement>>;
}

/** Areas under the ROC curve, in per cent. */
export interface Areas {
  readonly pixel: number;
  readonly image: number;
}

/**
 * Calibrates a class as `aaclip calibrate --good` does by default, and detects on test pictures, once for all ways.
 * @param good the references; the calibration keeps all of their patches
 * @param size side of the pictures and of the detector's maps, in pixels
 */
export async function judgePictures(
  detector: Detector,
  className: string,
  good: readonly DrawnPicture[],
  test: readonly DrawnPicture[],
  size: number,
): Promise<JudgedPicture[]> {
  const decoded = (pictures: readonly DrawnPicture[]) =>
    pictures.map(({ rgb }) => ({ width: size, height: size, data: rgb }));
  const { calibration } = await calibrate(detector, className, decoded(good), { references: good.length });
  const judged: JudgedPicture[] = [];
  for await (const found of detector.detect(decoded(test), className)) {
    const { label, mask } = test[found.index]!;
    // Not clipped to 0..1 as `decision.map()` is: clipped values are equal, and equal values have no order.
    const both = evidenceMap(found.map, found.distances, calibration.combination);
    judged.push({
      label,
      mask,
      ways: {
        'zero-shot': { map: found.sum.data, imageScore: found.imageScore },
        references: { map: found.distances!.data },
        both: { map: both.data },
      },
    });
  }
  detector.dropCalibration(className);
  return judged;
}

/** The areas of a class. The zero-shot score is the published one, those of the other ways are the peaks of their maps. */
export function areasOf(judged: readonly JudgedPicture[], way: Way): Areas {
  // Peaks alone make the score of a medical picture.
  const scores = new ClassScores(way === 'zero-shot' ? 'Industrial' : 'Medical');
  for (const { label, mask, ways } of judged) {
    const { map, imageScore } = ways[way];
    scores.add(map, mask, label, imageScore ?? peakValue({ width: map.length, height: 1, data: map }));
  }
  const { pixelAuc, imageAuc } = scores.figures();
  return { pixel: pixelAuc!, image: imageAuc! };
}
