/** The row of a tested class: its figures and, where flags ask for them, their intervals and those of each type of defect. */
import { defectTypes } from '../../data/defect_types.js';
import type { Sample } from '../../data/metadata.js';
import type { ClassDetails } from '../../eval/class_details.js';
import { bootstrap, CONFIDENCE, intervalsOf, meanReplicates, type Replicates } from '../../eval/intervals.js';
import type { ClassScores } from '../../eval/metrics.js';
import type { AverageIntervals, ClassRow, DefectRow } from '../../eval/report.js';
import { partFigures } from '../../eval/scaled_class.js';

/** What is asked for beside the published figures. */
export interface FurtherFigures {
  /** Undefined without intervals. */
  readonly intervals: { readonly resamples: number; readonly seed: number } | undefined;
  /** Whether each type of defect has figures of its own. */
  readonly defects: boolean;
}

/** The faulty pictures of each type against all good ones of the class, in the order of the types' names. */
function defectRows(scores: ClassScores, samples: readonly Sample[]): DefectRow[] {
  const types = defectTypes(samples);
  const known = [...new Set(types.filter((type) => type !== undefined))].sort();
  const untold = samples.some(({ label }, i) => label !== 0 && types[i] === undefined);
  const scaled = scores.scaled();
  return [...known, ...(untold ? [null] : [])].map((defect) => {
    const own = (i: number): boolean => samples[i]!.label !== 0 && (types[i] ?? null) === defect;
    const abnormalImages = samples.filter((_, i) => own(i)).length;
    const kept = samples.map(({ label }, i) => label === 0 || own(i));
    return { defect, abnormalImages, ...partFigures(scaled, kept) };
  });
}

/** The rows of a data set, class by class. */
export class ClassResults {
  readonly #dataset: string;
  readonly #further: FurtherFigures;
  readonly rows: ClassRow[] = [];
  readonly #replicates: Replicates[] = [];

  constructor(dataset: string, further: FurtherFigures) {
    this.#dataset = dataset;
    this.#further = further;
  }

  add(className: string, scores: ClassScores, { figures, exact }: ClassDetails, samples: readonly Sample[]): void {
    const { intervals, defects } = this.#further;
    const parts = defects ? { defects: defectRows(scores, samples) } : {};
    if (!intervals) {
      this.rows.push({ className, figures, ...parts });
      return;
    }
    const drawn = { ...intervals, stream: `${this.#dataset}/${className}` };
    const { replicates, off } = bootstrap(scores.scaled(), exact, drawn);
    this.#replicates.push(replicates);
    const made = { confidence: CONFIDENCE, ...intervals, binError: 100 * off };
    this.rows.push({ className, figures, ...parts, intervals: { ...intervalsOf(replicates), ...made } });
  }

  /** Intervals of the mean over the classes so far; undefined where they were not asked for. */
  get average(): AverageIntervals | undefined {
    if (!this.#further.intervals) return undefined;
    const classes = this.rows.map(({ figures }, i) => ({ figures, replicates: this.#replicates[i]! }));
    return intervalsOf(meanReplicates(classes));
  }
}
