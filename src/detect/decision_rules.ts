/** What decides on pictures: the calibration of their class, else what training recorded about its scores, else a preset. */
import type { Domain } from '../data/datasets.js';
import { BY_COSINES, type Scoring } from '../model/methods/method.js';
import { calibratedDecision } from './calibrated_decision.js';
import { type Calibration, ruleOf } from './calibration.js';
import type { Decision } from './decision.js';
import { type DomainScores, RECORDED_SHARES, type ScoreRecords } from './score_records.js';
import { logit, onScale, type ScoreScale } from './score_scale.js';
import type { ScoreMap } from './share_map.js';

/** What is known of a picture when it is decided on. */
export interface ScoredPicture {
  readonly className: string;
  readonly domain: Domain;
  /** Shares of "abnormal", as `Detection.map`. */
  readonly map: ScoreMap;
  /** The largest of them. */
  readonly peak: number;
  /** As `Detection.score`. */
  readonly score: number;
  /** As `Detection.distances`. */
  readonly distances?: ScoreMap | undefined;
}

/** Scales on log-odds, and what they come from. */
export interface DomainRule extends Pick<Decision, 'source' | 'rule'> {
  readonly score: ScoreScale;
  readonly map: ScoreScale;
}

/** The least distance on a scale from its ends to the threshold, in log-odds: an odds ratio of 1.3. */
const LEAST = 0.25;
/** Where the preset scale of a share ends, in log-odds: shares of 5 and 95 %. */
const PRESET_END = 3;

/** A scale whose ends lie on their sides of the threshold. */
function ordered(good: number, threshold: number, faulty: number): ScoreScale {
  return { good: Math.min(good, threshold - LEAST), threshold, faulty: Math.max(faulty, threshold + LEAST) };
}

/** The scales by what training pictures reached; undefined where good or faulty ones were missing. */
function trainedRule(domain: Domain, { pictures, score, peak }: DomainScores): DomainRule | undefined {
  const at = (quantiles: readonly number[], share: (typeof RECORDED_SHARES)[number]): number =>
    quantiles[RECORDED_SHARES.indexOf(share)]!;
  if (score.threshold === undefined || peak.threshold === undefined) return undefined;
  return {
    source: 'training',
    rule: `default threshold: best on ${pictures.good + pictures.faulty} training pictures (${domain})`,
    // Medians as ends would give half of the pictures 0 or 1, and say nothing of their order.
    score: ordered(at(score.good, 0.25), score.threshold, at(score.faulty, 0.75)),
    // Half of the good pictures have no other colour than the lowest.
    map: ordered(at(peak.good, 0.5), peak.threshold, at(peak.faulty, 0.75)),
  };
}

/**
 * Scales that no data has chosen: the threshold is where "abnormal" is as likely as "normal". A score with a part that is a
 * cosine stays closer to it than a share does, since cosines of pictures and texts are small.
 */
function presetRule(domain: Domain, scoring: Scoring): DomainRule {
  const whole = scoring.peakShare(domain) > 0 ? 1 - scoring.peakShare(domain) : 0;
  const end = (log: number): number => logit((1 - whole) / (1 + Math.exp(-log)) + whole / 2);
  return {
    source: 'preset',
    rule: 'preset threshold, not chosen by any data: calibrate',
    score: { good: end(-PRESET_END), threshold: 0, faulty: end(PRESET_END) },
    map: { good: -PRESET_END, threshold: 0, faulty: PRESET_END },
  };
}

export class DecisionRules {
  /** By class. */
  readonly calibrations = new Map<string, Calibration>();
  readonly #byDomain: Readonly<Record<Domain, DomainRule>>;

  /**
   * @param scoring of the method that makes the scores
   * @param records of the checkpoint in use, where it has some
   */
  constructor(scoring: Scoring = BY_COSINES, records: ScoreRecords = {}) {
    const of = (domain: Domain): DomainRule => {
      const recorded = records[domain];
      return (recorded && trainedRule(domain, recorded)) ?? presetRule(domain, scoring);
    };
    this.#byDomain = { Industrial: of('Industrial'), Medical: of('Medical') };
  }

  /** What decides on pictures of a domain whose classes have no calibration. */
  ofDomain(domain: Domain): DomainRule {
    return this.#byDomain[domain];
  }

  /** The rule for a class. */
  ruleFor(className: string, domain: Domain): Pick<Decision, 'source' | 'rule'> {
    const calibration = this.calibrations.get(className);
    if (calibration) return { source: 'calibration', rule: ruleOf(calibration) };
    const { source, rule } = this.#byDomain[domain];
    return { source, rule };
  }

  /** The map of a picture as a decision without calibration shows it: 0 like good pictures, 0.5 the threshold, 1 like faulty ones. */
  scaledMap(domain: Domain, map: ScoreMap): ScoreMap {
    const scale = this.#byDomain[domain].map;
    return { ...map, data: map.data.map((share) => onScale(logit(share), scale)) };
  }

  /** Decides on a picture. */
  decide({ className, domain, map, score, distances }: ScoredPicture): Decision {
    const calibration = this.calibrations.get(className);
    if (calibration) return calibratedDecision(calibration, { map, distances });
    const { source, rule, score: scale } = this.#byDomain[domain];
    let scaled: ScoreMap | undefined;
    const odds = logit(score);
    const place = onScale(odds, scale);
    return {
      evidence: {
        score: odds,
        threshold: scale.threshold,
        map: () => ({ ...map, data: map.data.map(logit) }),
      },
      score: place,
      anomalous: place >= 0.5,
      source,
      rule,
      map: () => {
        scaled ??= this.scaledMap(domain, map);
        return scaled;
      },
    };
  }
}
