/** The result for one picture. */
import type { Domain } from '../data/datasets.js';
import { BY_COSINES, type Scoring } from '../model/methods/method.js';
import type { Picture } from '../picture/picture.js';
import type { Decision } from './decision.js';
import type { DecisionRules } from './decision_rules.js';
import { type ScoreMap, shareMap } from './share_map.js';

/** The map's largest share, and where it is in the picture's own pixels. */
export interface Peak {
  readonly value: number;
  readonly x: number;
  readonly y: number;
}

export interface Detection {
  /** The picture's name: its path, URL or file name. */
  readonly name: string;
  /** Position of the picture in the input, from 0; unreadable pictures are counted too. */
  readonly index: number;
  readonly className: string;
  readonly domain: Domain;
  /**
   * How anomalous the picture is. AA-CLIP and plain CLIP: Industrial, the mean of the peak and `imageScore`; Medical, the
   * peak. APRIL-GAN and AnomalyCLIP: `imageScore`.
   */
  readonly score: number;
  /**
   * The score of the whole picture (AA-CLIP's detection token), 0 to 1; in tiles, the mean of that of the whole picture and that
   * of the most anomalous tile.
   */
  readonly imageScore: number;
  readonly peak: Peak;
  /**
   * The share of "abnormal" at every pixel of the resized picture, 0 to 1, comparable between pictures. In tiles, it has
   * imageSize / tile.size of the picture's own pixels.
   */
  readonly map: ScoreMap;
  /** The sum of the levels' maps as the method's published program defines it; `map` is made from it. */
  readonly sum: ScoreMap;
  /**
   * The distance of every pixel's patch to the nearest patch of the class's references, 1 - cosine, summed over the levels; as
   * large as `map`, undefined where the class has no references.
   */
  readonly distances?: ScoreMap | undefined;
  /** Good or faulty, on a scale that is comparable between pictures, and by which rule. */
  readonly decision: Decision;
  /** The picture as decoded, for drawing over it. */
  readonly picture: Picture;
  /** Milliseconds on the device: the batch's time divided by its number of pictures. */
  readonly ms: number;
}

/** The largest value of a map, as a pixel of a picture of `width` x `height`; the first of several equal ones. */
export function peakOf(map: ScoreMap, width: number, height: number): Peak {
  let at = 0;
  map.data.forEach((v, i) => {
    if (v > map.data[at]!) at = i;
  });
  return peakAt(map, at, width, height);
}

/** The value at index `at` of a map, and the pixel of a picture of `width` x `height` at its centre. */
export function peakAt(map: ScoreMap, at: number, width: number, height: number): Peak {
  const scale = (place: number, from: number, to: number): number =>
    Math.min(to - 1, Math.floor(((place + 0.5) / from) * to));
  return {
    value: map.data[at]!,
    x: scale(at % map.width, map.width, width),
    y: scale(Math.floor(at / map.width), map.height, height),
  };
}

/** A picture's score, from the peak of its map and the score of the whole picture, as its method combines them. */
export function pictureScore(peak: number, imageScore: number, domain: Domain, scoring: Scoring = BY_COSINES): number {
  const share = scoring.peakShare(domain);
  return share === 1 ? peak : share * peak + (1 - share) * imageScore;
}

/**
 * The result of a picture.
 * @param sum the levels' maps summed: [S, S], or those of all tiles, blended
 * @param model the number of its levels, and how it makes scores
 * @param decisions what decides on it
 */
export function detectionOf(
  picture: Picture,
  sum: ScoreMap,
  { levels, scoring }: { readonly levels: number; readonly scoring?: Scoring | undefined },
  known: Pick<Detection, 'index' | 'className' | 'domain' | 'imageScore' | 'distances' | 'ms'>,
  decisions: DecisionRules,
): Detection {
  const map = shareMap(sum, levels, scoring);
  const peak = peakOf(map, picture.width, picture.height);
  const score = pictureScore(peak.value, known.imageScore, known.domain, scoring);
  const { className, domain, distances } = known;
  const decision = decisions.decide({ className, domain, map, peak: peak.value, score, distances });
  return { name: picture.name, ...known, score, peak, map, sum, decision, picture };
}
