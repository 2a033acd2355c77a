/** Averages over data sets, and the epoch that a table for a paper shows. */
import type { Domain } from '../../data/datasets.js';
import { average } from '../../eval/average.js';
import type { Figures } from '../../eval/metrics.js';
import type { NamedFigures } from '../../eval/report.js';
import type { Epoch, KeptRun } from './results_tree.js';

/** Words of the published summary, and two of our own. */
export type State = 'SUCCESS' | 'FAILED' | 'NOT FOUND' | 'PENDING';

/** How far a data set is. */
export interface SetState {
  readonly name: string;
  readonly domain: Domain;
  readonly state: State;
  /** Why it has no figures. */
  readonly why?: string | undefined;
  /** Whether the adapters were trained on it, as far as their folder tells. */
  readonly trainedOn: boolean;
  /** Classes that the registry knows of it; 0 for the user's own data. */
  readonly known: number;
  readonly runs: readonly KeptRun[];
}

export interface EpochRow {
  readonly epoch: Epoch;
  /** A row for each data set that was tested to the end. */
  readonly datasets: readonly NamedFigures[];
  /**
   * Plain averages over data sets: of each domain, where there are both; of those that the adapters were not trained on, where
   * there are others; and of all.
   */
  readonly averages: readonly NamedFigures[];
  readonly average: Figures;
}

/**
 * The figures of a data set as a paper shows them. Where all its pictures have one label the published program prints 0 for
 * pictures, which would lower every average: here they are unknown.
 */
export function shownFigures({ average: figures, classes }: KeptRun): Figures {
  const both = classes.some(({ images, abnormalImages }) => abnormalImages > 0 && abnormalImages < images);
  return both ? figures : { ...figures, imageAuc: null, imageAp: null };
}

/** The figures of every epoch over the data sets that were tested with all of them. */
export function epochRows(states: readonly SetState[], epochs: readonly Epoch[]): EpochRow[] {
  const done = states.filter(({ state }) => state === 'SUCCESS');
  const domains = (['Medical', 'Industrial'] as const).filter((d) => done.some(({ domain }) => domain === d));
  return epochs.map((epoch) => {
    const figures = (of: SetState): Figures => shownFigures(of.runs.find((r) => r.epoch === epoch)!);
    const all = average(done.map(figures));
    const parts = domains.map(
      (d): NamedFigures => [`Average, ${d}`, average(done.filter(({ domain }) => domain === d).map(figures))],
    );
    const unseen = done.filter((one) => !one.trainedOn);
    const zeroShot: NamedFigures[] =
      unseen.length > 0 && unseen.length < done.length ? [['Average, zero-shot', average(unseen.map(figures))]] : [];
    return {
      epoch,
      datasets: done.map((one): NamedFigures => [one.name, figures(one)]),
      averages: [...(domains.length > 1 ? parts : []), ...zeroShot, ['Average', all]],
      average: all,
    };
  });
}

/** Mean of the figures that are known; -1 where none is. */
function mean({ pixelAuc, pixelAp, imageAuc, imageAp }: Figures): number {
  const known = [pixelAuc, pixelAp, imageAuc, imageAp].filter((v) => v !== null);
  return known.length === 0 ? -1 : known.reduce((sum, v) => sum + v, 0) / known.length;
}

export interface Choice {
  readonly epoch: Epoch;
  /** How it was chosen, as a sentence. */
  readonly how: string;
}

/** One epoch for all data sets; of equal ones the earliest. Undefined before any data set is finished. */
export function chooseEpoch(rows: readonly EpochRow[]): Choice | undefined {
  const [first, ...others] = rows;
  if (first === undefined || first.datasets.length === 0) return undefined;
  if (others.length === 0) return { epoch: first.epoch, how: 'The only checkpoint that was tested.' };
  const best = others.reduce((a, b) => (mean(b.average) > mean(a.average) ? b : a), first);
  return {
    epoch: best.epoch,
    how: `Of ${rows.length} epochs, the one with the highest mean of the four averages over data sets, the same epoch for all of them. It was chosen on the data it is tested on, so its figures are a little too good: to report an epoch fixed beforehand, give --epoch.`,
  };
}
