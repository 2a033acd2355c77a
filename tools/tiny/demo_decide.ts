/** The end of the demonstration: new pictures of calibrated classes are decided on, without references and with them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMetadata, type Sample } from '#src/data/metadata';
import { calibrationFile } from '#src/detect/calibration';
import type { Detection } from '#src/detect/detection';
import type { Detector } from '#src/detect/detector';
import { evidenceMap, peakValue } from '#src/detect/evidence';
import { curveFigures, figuresOf } from '#src/eval/curve';
import { overlay } from '#src/eval/heatmap';
import type { Canvas } from '#src/eval/lettering';
import { SortedScores } from '#src/eval/sorted_scores';
import { loadDetector, loadMask } from '#src/node/node';
import { prepareMask } from '#src/picture/mask';

/** What was made of a picture. */
export interface Judged {
  readonly faulty: boolean;
  /** 0.5 is the threshold. */
  readonly score: number;
  readonly anomalous: boolean;
  readonly picture: Canvas;
  /** The map of the decision in colours. */
  readonly heatmap: Canvas;
}

/** Of the pictures of a class; shares of 1. */
export interface Outcome {
  readonly pixelAuc: number;
  readonly imageAuc: number;
  /** Of the good and of the faulty pictures, those that were called so. */
  readonly goodRight: number;
  readonly faultyRight: number;
  readonly judged: readonly Judged[];
}

export interface DecidedClass {
  readonly className: string;
  readonly without: Outcome;
  readonly withReferences: Outcome;
}

/**
 * Decides on all pictures of a data set twice.
 * @param data folder that `npm run pictures` drew
 * @param model weights and a folder with adapters, and a calibration of every class
 */
export async function decide(
  data: string,
  classes: readonly string[],
  model: { readonly weights: string; readonly adapters: string },
): Promise<DecidedClass[]> {
  const samples = parseMetadata(data, readFileSync(join(data, 'full-shot.jsonl'), 'utf8'));
  const own = (name: string) => samples.filter(({ className }) => className === name);
  using detector = await loadDetector({ ...model, classes });
  const without = new Map<string, Outcome>();
  for (const name of classes) without.set(name, await outcome(detector, data, own(name)));
  const decided: DecidedClass[] = [];
  for (const className of classes) {
    await detector.openCalibration(join(model.adapters, calibrationFile(className)));
    const withReferences = await outcome(detector, data, own(className));
    decided.push({ className, without: without.get(className)!, withReferences });
  }
  return decided;
}

async function outcome(detector: Detector, data: string, samples: readonly Sample[]): Promise<Outcome> {
  const { className } = samples[0]!;
  const judged: Judged[] = [];
  const pixels = new SortedScores();
  const images: number[] = [];
  const paths = samples.map(({ imagePath }) => join(data, imagePath));
  for await (const detection of detector.detect(paths, className)) {
    const { label, maskPath } = samples[detection.index]!;
    const { scores, score } = ranking(detector, detection);
    const { width, height } = detection.map;
    const marked = maskPath
      ? prepareMask(await loadMask(join(data, maskPath)), width, height)
      : new Uint8Array(width * height);
    pixels.add(scores, marked);
    images.push(score);
    judged.push(shown(detection, label === 1));
  }
  const labels = judged.map(({ faulty }) => Number(faulty));
  const right = (kind: boolean) => {
    const all = judged.filter(({ faulty }) => faulty === kind);
    return all.filter(({ anomalous }) => anomalous === kind).length / all.length;
  };
  return {
    pixelAuc: curveFigures(pixels).auroc ?? 0,
    imageAuc: figuresOf(Float32Array.from(images), labels).auroc ?? 0,
    goodRight: right(false),
    faultyRight: right(true),
    judged,
  };
}

/** What pixels and the picture are ranked by: the decision's scores end at 0 and 1, these do not. */
function ranking(detector: Detector, { className, map, distances, score }: Detection) {
  const calibration = detector.calibrations.get(className);
  if (!calibration) return { scores: map.data, score };
  const evidence = evidenceMap(map, distances, calibration.combination);
  return { scores: evidence.data, score: peakValue(evidence) };
}

function shown({ picture, decision }: Detection, faulty: boolean): Judged {
  const { width, height } = picture;
  const heatmap = { width, height, data: overlay(picture, decision.map(), 0, 1) };
  return { faulty, score: decision.score, anomalous: decision.anomalous, picture, heatmap };
}
