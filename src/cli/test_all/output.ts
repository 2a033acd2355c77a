/** What `test-all` prints: tables as they come, the data sets that are left out, and the summary. */
import { printable } from '../../data/printable.js';
import { askedForText, moreFiguresText } from '../../eval/further_report.js';
import { type ClassRow, reportText } from '../../eval/report.js';
import { label } from '../test_adapters/output.js';
import type { SetState } from './best_epoch.js';
import type { KeptRun } from './results_tree.js';
import { type Summary, summaryTables } from './summary.js';

/** Prints tables, or with `--json` a line for each of them. */
export class AllOutput {
  readonly #json: boolean;

  constructor(json: boolean) {
    this.#json = json;
  }

  /** Notes on data sets; programs find them in the summary. */
  notes(notes: readonly string[]): void {
    if (this.#json) return;
    for (const note of notes) process.stderr.write(`note: ${printable(note)}\n`);
  }

  /** A data set that cannot be tested, with the reason. */
  failed(dataset: string, why: string): void {
    process.stderr.write(`failed: ${printable(`${dataset}: ${why}`)}\n`);
  }

  run(run: KeptRun, rows: readonly ClassRow[]): void {
    const title = `${run.dataset}, ${label(run.epoch)}`;
    const asked = askedForText(rows, run.averageIntervals);
    const all = [`${title}\n${reportText(rows)}`, moreFiguresText(rows), ...asked].join('\n\n');
    this.#say(this.#json ? JSON.stringify(run) : `${all}\n`);
  }

  summary(summary: Summary, folder: string): void {
    const { states, rows, choice } = summary;
    if (this.#json) {
      const datasets = states.map(({ name, state, why }) => ({ dataset: name, state, why }));
      const epochs = rows.map(({ epoch, average }) => ({ epoch, average }));
      this.#say(JSON.stringify({ summary: { choice, datasets, epochs }, folder }));
      return;
    }
    const tables = summaryTables(summary);
    if (tables !== '') this.#say(`all data sets\n${tables}\n`);
    const count = (state: SetState['state']): number => states.filter((s) => s.state === state).length;
    process.stderr.write(`${count('SUCCESS')} of ${states.length} data sets tested; ${folder}\n`);
  }

  #say(text: string): void {
    process.stdout.write(`${text}\n`);
  }
}
