/** What `reproduce` prints: the plan, its parts as they come, and the comparison. */
import { printable } from '../../data/printable.js';
import { type Comparison, comparisonText, legend } from './comparison.js';
import type { PlannedPart } from './protocol_plan.js';

/** What is kept of a run, and printed for programs. */
export interface ReproduceRecord {
  readonly trainingMode: string;
  readonly shot: number | null;
  readonly epoch: number;
  readonly seeds: readonly number[];
  readonly parts: readonly object[];
  readonly rows: Comparison['rows'];
  readonly notes: readonly string[];
}

export class ReproduceOutput {
  readonly #json: boolean;

  constructor(json: boolean) {
    this.#json = json;
  }

  note(text: string): void {
    if (!this.#json) process.stderr.write(`${printable(text)}\n`);
  }

  /** What will be run, and what is missing. */
  plan(parts: readonly PlannedPart[]): void {
    for (const { train, pictures, steps, trained, tests, missing, fault, folder } of parts) {
      if (fault !== undefined) this.note(`part ${train}: cannot be run: ${fault}`);
      else {
        const named = tests.map(({ dataset, pictures: n }) => `${dataset} (${n})`).join(', ');
        const done = trained.length > 0 ? ` (seed ${trained.join(', ')} is trained)` : '';
        this.note(`part ${train}: ${pictures} pictures, ${steps} steps${done}; tests: ${named}; ${folder}`);
      }
      for (const { dataset, why } of missing) this.note(`part ${train}: without ${dataset}: ${why}`);
    }
  }

  /** The end of a dry run. */
  planned(parts: readonly PlannedPart[], notes: readonly string[]): void {
    if (this.#json) this.#line({ plan: { parts, notes } });
    else for (const note of notes) this.note(note);
  }

  failed(train: string, why: string): void {
    process.stderr.write(`failed: ${printable(`${train}: ${why}`)}\n`);
  }

  compared(record: ReproduceRecord, comparison: Comparison, folder: string, file: string): void {
    if (this.#json) this.#line({ reproduce: record, folder });
    else {
      process.stdout.write(`${comparisonText(comparison)}\n\n${legend(comparison).map(printable).join('\n')}\n`);
      this.note(`${folder} holds ${file}.json, ${file}.csv and ${file}.md`);
    }
  }

  #line(value: object): void {
    process.stdout.write(`${JSON.stringify(value)}\n`);
  }
}
