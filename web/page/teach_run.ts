/** The training itself: its settings, its course, and what becomes of the adapters. */
import type { ModelChoice } from '#src/web/engine_messages';
import type { KeptRun, PageTrainSettings, TaughtPicture, TrainReport, TrainStep } from '#src/web/train_messages';
import { trainDefaults } from '#src/web/training_defaults';
import { byId, show } from './elements.js';
import { type EngineClient, failureOf } from './engine_client.js';
import { onLanguage, text } from './language.js';
import { LossChart } from './loss_chart.js';
import { sayFailure, sayReason, showProgress, stageName } from './result_panel.js';
import { saveFile } from './save_file.js';

/** What a training learns from. */
export interface Taught {
  samples(): TaughtPicture[];
  /** What is needed first, in the language of the page. */
  missing(): string | undefined;
}

export interface TeachUse {
  readonly model: () => ModelChoice;
  readonly taught: Taught;
  /** Has pictures scored with the model that has the new adapters. */
  readonly use: (model: ModelChoice) => void;
}

/** Milliseconds between two sentences for screen readers. */
const WORDS_EVERY = 10_000;
const FIELDS = [
  'imageSize',
  'textEpochs',
  'imageEpochs',
  'textBatch',
  'imageBatch',
  'textRate',
  'imageRate',
  'seed',
  'saveEvery',
] as const satisfies readonly (keyof PageTrainSettings)[];

const status = byId('teach-status', HTMLElement);
const course = byId('teach-course', HTMLElement);
const bar = byId('teach-progress', HTMLProgressElement);
const start = byId('teach-start', HTMLButtonElement);
const resume = byId('teach-resume', HTMLButtonElement);
const pause = byId('teach-pause', HTMLButtonElement);
const stop = byId('teach-stop', HTMLButtonElement);

const field = (name: keyof PageTrainSettings): HTMLInputElement => byId(`teach-${name}`, HTMLInputElement);

export class TeachRun {
  readonly #engine: EngineClient;
  readonly #use: TeachUse;
  readonly #chart = new LossChart(byId('teach-chart', HTMLElement));
  #kept: KeptRun | undefined;
  #running: AbortController | undefined;
  #id = 0;
  #paused = false;
  #report: TrainReport | undefined;
  /** The model that was trained on. */
  #model: ModelChoice | undefined;
  #said = 0;
  #times: number[] = [];

  constructor(engine: EngineClient, use: TeachUse) {
    this.#engine = engine;
    this.#use = use;
    const on = (id: string, act: () => void): void => byId(id, HTMLButtonElement).addEventListener('click', act);
    on('teach-start', () => void this.#train(this.#settings(), false));
    on('teach-resume', () => void this.#train(this.#kept!.settings, true));
    on('teach-pause', () => void this.#hold(!this.#paused));
    on('teach-stop', () => this.#running?.abort());
    on('teach-use', () => this.#take());
    on('teach-save-text', () => this.#save(this.#report?.text));
    on('teach-save-image', () => this.#save(this.#report?.image));
    addEventListener('beforeunload', (event) => {
      if (this.#running) event.preventDefault();
    });
    onLanguage(() => {
      this.refresh();
      this.#chart.redraw();
    });
    this.#fill();
    this.refresh();
  }

  /** Called when the panel is opened: asks for a run that an earlier visit has left. */
  async opened(): Promise<void> {
    if (this.#running) return;
    this.#fill();
    this.#kept = await this.#engine.ask({ kind: 'keptRun' }).catch(() => undefined);
    this.refresh();
    this.#chart.redraw();
  }

  /** Shows what can be done now. */
  refresh(): void {
    const missing = this.#use.taught.missing();
    const running = this.#running !== undefined;
    byId('teach-missing', HTMLElement).textContent = missing ?? '';
    start.disabled = running || missing !== undefined;
    resume.disabled = start.disabled;
    show(resume, this.#kept !== undefined && !running);
    if (this.#kept) {
      const { saved, pictures, stage, epoch } = this.#kept;
      const when = new Date(saved).toLocaleString(document.documentElement.lang);
      byId('teach-kept', HTMLElement).textContent = text('teachKept', {
        when,
        pictures,
        stage: this.#stage(stage),
        epoch,
      });
    }
    show(byId('teach-kept', HTMLElement), this.#kept !== undefined && !running);
    for (const button of [pause, stop]) show(button, running);
    pause.textContent = text(this.#paused ? 'teachContinue' : 'teachPause');
    show(byId('teach-done', HTMLElement), this.#report !== undefined && !running);
    byId('teach-save-text', HTMLButtonElement).disabled = !this.#report?.text;
  }

  #stage = (stage: TrainStep['stage']): string => text(stage === 'text' ? 'teachText' : 'teachImage');

  /** Fields that the user left alone follow the model. */
  #fill(): void {
    const usual = trainDefaults(this.#use.model());
    for (const name of FIELDS) {
      const input = field(name);
      if (input.value === input.defaultValue) input.value = input.defaultValue = String(usual[name]);
    }
  }

  #settings(): PageTrainSettings | undefined {
    const wrong = FIELDS.map(field).find((input) => !input.checkValidity());
    if (wrong) {
      byId('teach-settings', HTMLDetailsElement).open = true;
      wrong.reportValidity();
      return undefined;
    }
    return Object.fromEntries(FIELDS.map((name) => [name, Number(field(name).value)])) as unknown as PageTrainSettings;
  }

  async #train(settings: PageTrainSettings | undefined, again: boolean): Promise<void> {
    if (!settings || this.#running) return;
    this.#running = new AbortController();
    [this.#report, this.#paused, this.#said, this.#times] = [undefined, false, 0, []];
    this.#model = this.#use.model();
    this.#chart.clear();
    status.textContent = stageName('train');
    course.textContent = '';
    showProgress(bar, undefined);
    this.refresh();
    try {
      const samples = this.#use.taught.samples();
      const report = await this.#engine.ask(
        { kind: 'train', model: withoutAdapters(this.#model), samples, settings, orient: true, resume: again },
        {
          signal: this.#running.signal,
          onId: (id) => {
            this.#id = id;
          },
          onStage: (stage) => {
            // That the device was lost stays to be read; how it is opened again does not matter.
            if (stage === 'again' || this.#times.length === 0) status.textContent = stageName(stage);
          },
          onStep: (step) => this.#step(step),
        },
      );
      this.#report = report;
      const { first, last } = report.losses.image ?? report.losses.text ?? { first: 0, last: 0 };
      const done = text('teachDone', { n: report.steps, first: first.toFixed(3), last: last.toFixed(3) });
      sayReason(status, done, report.problem ?? '');
    } catch (error) {
      const failure = failureOf(error);
      if (failure.code === 'aborted') status.textContent = text('teachStopped');
      else sayFailure(status, failure);
    } finally {
      this.#running = undefined;
      show(bar, false);
      this.#kept = await this.#engine.ask({ kind: 'keptRun' }).catch(() => undefined);
      this.refresh();
    }
  }

  #step(step: TrainStep): void {
    this.#chart.add(step);
    showProgress(bar, step.step / step.steps);
    this.#times.push(step.ms);
    const usual = this.#times.slice(-8).sort((a, b) => a - b)[Math.floor(Math.min(8, this.#times.length) / 2)]!;
    const seconds = Math.ceil(((step.steps - step.step) * usual) / 1000);
    const left =
      seconds < 90 ? text('teachSeconds', { n: seconds }) : text('teachMinutes', { n: Math.ceil(seconds / 60) });
    const words = text('teachCourse', {
      ...{ step: step.step, steps: step.steps, stage: this.#stage(step.stage), epoch: step.epoch },
      ...{ loss: step.loss.toFixed(3), left },
    });
    course.textContent = words;
    const now = performance.now();
    if (this.#said > 0 && now - this.#said < WORDS_EVERY) return;
    this.#said = now;
    status.textContent = words;
  }

  async #hold(paused: boolean): Promise<void> {
    this.#paused = paused;
    await this.#engine.pause(this.#id, paused);
    status.textContent = paused ? text('teachPaused') : course.textContent;
    this.refresh();
  }

  #take(): void {
    const { text: words, image } = this.#report!;
    this.#use.use({ ...this.#model!, adapters: words ? [words, image] : [image] });
    status.textContent = text('teachUsed');
  }

  #save(file: File | undefined): void {
    if (file) saveFile(file.name, file);
  }
}

/** Adapters start anew, whatever the model has. */
function withoutAdapters(model: ModelChoice): ModelChoice {
  return model.kind === 'packaged' ? { kind: 'packaged' } : { ...model, adapters: [] };
}
