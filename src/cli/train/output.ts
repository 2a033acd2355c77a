/** What `train` prints: the plan, the progress of its steps, and what it leaves behind. */
import type { TrainingEvents } from '../../node/training_host.js';
import type { RunState } from '../../train/checkpoint.js';
import type { SecondsPerStep } from '../../train/dry_run.js';
import type { Part } from '../../train/initial.js';
import type { Plan } from '../../train/plan.js';
import type { StepReport } from '../../train/training_run.js';
import { duration, type Progress, progress } from '../progress.js';
import type { TrainCommandFlags } from './flags.js';

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;

/** The plan in three or four lines. */
function describePlan({ memory, recompute, ...p }: Plan): string {
  const stage = (name: string, part: Part, more = ''): string[] => {
    const need = memory[part];
    return need
      ? [
          `${name} needs ${gib(need.peak)} of buffers on the device, of which weights and adapters ${gib(need.weights)}${more}`,
        ]
      : [];
  };
  return [
    `${p.classes} classes, ${p.normal} normal and ${p.abnormal} anomalous pictures`,
    `stage one ${p.textSteps} steps, stage two ${p.imageSteps} steps`,
    ...stage('stage one', 'text'),
    ...stage('stage two', 'image', ` (recompute ${recompute ? 'on' : 'off'})`),
  ].join('\n');
}

/** What a signal that ends a training says. @param saved progress in the latest checkpoint; undefined before the first one */
export function stoppedText(folder: string, saved: RunState | undefined): string {
  const again = 'run the same command again to';
  if (saved === undefined) return `${folder} has no checkpoint yet; ${again} start from the beginning`;
  const { part, epoch, batch } = saved;
  return `the checkpoint in ${folder} is kept (${part} stage, after epoch ${epoch}, batch ${batch}); ${again} go on from there`;
}

/** With `json`, a line of JSON for each step and for the end; else a progress bar and a few words. */
export class TrainOutput implements TrainingEvents {
  readonly #json: boolean;
  #bar: Progress;
  /** Steps of the stage done in this run. */
  #done = 0;

  constructor(json: boolean) {
    this.#json = json;
    this.#bar = progress('', 1, json);
  }

  /** A note for the user. */
  note(text: string): void {
    if (!this.#json) process.stderr.write(`${text}\n`);
  }

  plan(plan: Plan): void {
    this.note(describePlan(plan));
  }

  resumed({ part, epoch, batch }: RunState): void {
    this.note(`resuming ${part} adapter after epoch ${epoch}, batch ${batch}`);
  }

  onStage(part: Part, steps: number): void {
    this.#bar.finish();
    this.#bar = progress(`${part} stage`, steps, this.#json);
    this.#done = 0;
  }

  onStep(report: StepReport): void {
    if (this.#json) this.#line(report);
    const { epoch, batch, batches, loss, imagesPerSecond } = report;
    this.#bar.update(
      ++this.#done,
      `epoch ${epoch + 1}, step ${batch + 1}/${batches}, loss ${loss.toFixed(4)}, ${imagesPerSecond.toFixed(2)} images/s`,
    );
  }

  onEpoch(part: Part, epoch: number, meanLoss: number): void {
    if (!this.#json) this.#bar.say(`${part} epoch ${epoch + 1}: mean loss ${meanLoss.toFixed(5)}`);
  }

  /** The end of a dry run. */
  measured(plan: Plan, seconds: SecondsPerStep): void {
    const total = (seconds.text ?? 0) * plan.textSteps + (seconds.image ?? 0) * plan.imageSteps;
    if (this.#json) {
      const { recompute: checkpointing, memory, ...counts } = plan;
      this.#line({ ...counts, checkpointing, memory, secondsPerStep: seconds, totalSeconds: total });
      return;
    }
    const rate = (part: Part): string =>
      seconds[part] === undefined ? 'not run' : `${duration(seconds[part])} a step`;
    process.stdout.write(
      `measured: stage one ${rate('text')}, stage two ${rate('image')}; the whole run takes about ${duration(total)}\n`,
    );
  }

  /** The end of a training. */
  trained({ save_path, text_epoch, image_epoch }: TrainCommandFlags): void {
    if (this.#json) this.#line({ save_path, text_epochs: text_epoch, image_epochs: image_epoch });
    else
      process.stdout.write(
        `trained: ${save_path} holds text_adapter, image_adapter, an image_adapter_N for each epoch, train.log, metrics.jsonl, loss.svg and report.html\n`,
      );
  }

  #line(value: object): void {
    process.stdout.write(`${JSON.stringify(value)}\n`);
  }
}
