/** References and a threshold from good pictures: chosen, looked at, moved, saved and loaded. */
import { byFalseAlarms } from '#src/calibrate/choose_scale';
import type { CalibrateReport, CalibrationInUse, ModelChoice } from '#src/web/engine_messages';
import { drawHistogram } from './decide_chart.js';
import { listGiven, listJudged } from './decide_files.js';
import { byId, make, show } from './elements.js';
import { type EngineClient, failureOf } from './engine_client.js';
import { onLanguage, text } from './language.js';
import { type Given, onPicked } from './picture_input.js';
import { failureTitle, sayFailure, sayReason, showProgress, stageName } from './result_panel.js';
import { saveFile } from './save_file.js';

const LEAST = 3;
/** Below this many good pictures the panel says how rough the rate is. */
const ROUGH = 20;
/** Good pictures that are looked at twice: once for their patches. */
const POOL = 32;
const RATE = 0.01;

const object = byId('decide-object', HTMLInputElement);
const start = byId('decide-start', HTMLButtonElement);
const use = byId('decide-use', HTMLButtonElement);
const status = byId('decide-status', HTMLElement);
const bar = byId('decide-progress', HTMLProgressElement);
const slider = byId('decide-share', HTMLInputElement);
const note = byId('calibration-note', HTMLElement);

interface HowUsed {
  readonly model: ModelChoice;
  readonly imageSize: number | undefined;
  readonly orient: boolean;
}

export class DecidePanel {
  readonly #engine: EngineClient;
  readonly #how: () => HowUsed;
  #good: Given[] = [];
  #bad: Given[] = [];
  #report: CalibrateReport | undefined;
  #stop: AbortController | undefined;
  readonly #used = new Map<string, CalibrationInUse>();

  constructor(engine: EngineClient, how: () => HowUsed) {
    this.#engine = engine;
    this.#how = how;
    engine.onDropped = (name, why) => {
      this.#used.delete(name);
      for (const line of [note, status]) sayReason(line, text('decideDropped', { name }), why);
      this.#refresh();
    };
    for (const id of ['decide-good', 'decide-folder']) onPicked(byId(id, HTMLInputElement), (g) => this.take(g));
    onPicked(byId('decide-bad', HTMLInputElement), (given) => {
      this.#bad.push(...given);
      this.#refresh();
    });
    onPicked(byId('decide-file', HTMLInputElement), ([given]) => void (given && this.#load(given)));
    const on = (id: string, act: () => void): void => byId(id, HTMLButtonElement).addEventListener('click', act);
    on('decide-start', () => void this.#calibrate());
    on('decide-stop', () => this.#stop?.abort());
    on('decide-clear', () => {
      [this.#good, this.#bad] = [[], []];
      this.#refresh();
    });
    on('decide-use', () => void this.#move());
    on('decide-save', () => this.#report && saveFile(this.#report.fileName, this.#report.file));
    slider.addEventListener('input', () => this.#preview());
    onLanguage(() => this.#refresh());
    this.#refresh();
  }

  /** Adds good pictures. */
  take(given: readonly Given[]): void {
    this.#good.push(...given);
    if (given.length === 0) status.textContent = text('folderEmpty');
    this.#refresh();
  }

  /** Runs a job with its progress; what fails is said. */
  async #run(job: (signal: AbortSignal) => Promise<void>): Promise<void> {
    if (this.#stop) return;
    this.#stop = new AbortController();
    note.textContent = '';
    status.textContent = '';
    this.#refresh();
    showProgress(bar, undefined);
    try {
      await job(this.#stop.signal);
    } catch (error) {
      const failure = failureOf(error);
      if (failure.code === 'aborted') status.textContent = failureTitle(failure);
      else sayFailure(status, failure);
    } finally {
      this.#stop = undefined;
      show(bar, false);
      this.#refresh();
    }
  }

  #calibrate(): Promise<void> {
    const [good, bad, className] = [this.#good, this.#bad, object.value.trim()];
    const all = Math.min(POOL, good.length) + good.length + bad.length;
    if (className === '') {
      status.textContent = text('objectMissing');
      object.focus();
      return Promise.resolve();
    }
    return this.#run(async (signal) => {
      let since = 0;
      const report = await this.#engine.ask(
        { kind: 'calibrate', ...this.#how(), className, good, bad, falseAlarms: RATE },
        {
          signal,
          onStage: (stage, share) => {
            showProgress(bar, share);
            if (stage !== 'calibrate' || !share) {
              since = performance.now();
              status.textContent = stageName(stage);
              return;
            }
            const left = Math.ceil(((performance.now() - since) / 1000) * (1 / share - 1));
            status.textContent = text('decideLooks', { done: Math.round(share * all), all, left });
          },
        },
      );
      this.#found(report);
    });
  }

  #found(report: CalibrateReport): void {
    this.#report = report;
    this.#used.set(report.className, report);
    status.textContent = text('decideDone', { name: report.className });
    const n = report.good;
    slider.max = String(Math.max(1, Math.floor((n + 1) / 2)));
    const { rule } = report;
    slider.value = String(rule.kind === 'false_alarms' ? Math.round(rule.expected * (n + 1)) : 1);
  }

  /** Decides by the threshold that the slider is at. */
  #move(): Promise<void> {
    const report = this.#report!;
    return this.#run(async () => {
      const { file: calibration, pictures, fileName } = report;
      const changed = await this.#engine.ask({
        ...{ kind: 'chooseThreshold', calibration, ...pictures, falseAlarms: this.#share() },
      });
      const { model, imageSize } = this.#how();
      await this.#engine.ask({ kind: 'useCalibration', model, imageSize, file: changed.file, name: fileName });
      this.#found(changed);
    });
  }

  #load({ file, name }: Given): Promise<void> {
    return this.#run(async (signal) => {
      const { model, imageSize } = this.#how();
      const onStage = (_: unknown, share: number | undefined): void => showProgress(bar, share);
      const used = await this.#engine.ask(
        { kind: 'useCalibration', model, imageSize, file, name },
        { signal, onStage },
      );
      this.#used.set(used.className, used);
      status.textContent = text('decideDone', { name: used.className });
    });
  }

  #leaveOut(picture: Given): void {
    this.#good = this.#good.filter((g) => g !== picture);
    this.#bad = this.#bad.filter((g) => g !== picture);
    this.#refresh();
    byId('decide-given', HTMLElement).querySelector('summary')?.focus();
  }

  async #drop(className: string): Promise<void> {
    await this.#engine.ask({ kind: 'dropCalibration', className });
    this.#used.delete(className);
    this.#refresh();
    object.focus();
  }

  #share = (): number => Number(slider.value) / (this.#report!.good + 1);

  #refresh(): void {
    const counts = { good: this.#good.length, bad: this.#bad.length };
    const few = counts.good < LEAST ? ` ${text('decideFew')}` : '';
    byId('decide-count', HTMLElement).textContent = text('decideCount', counts) + few;
    const given = [...this.#good, ...this.#bad];
    show(byId('decide-given', HTMLElement), given.length > 0);
    listGiven(byId('decide-given-list', HTMLElement), given, (picture) => this.#leaveOut(picture));
    start.disabled = counts.good < LEAST || this.#stop !== undefined;
    show(byId('decide-stop', HTMLElement), this.#stop !== undefined);
    const used = [...this.#used.values()].map(({ className, good, faulty, imageSize, words }) => {
      const drop = make('button', { type: 'button' }, text('decideLeave'));
      drop.addEventListener('click', () => void this.#drop(className));
      const about = text('decideUsed', { name: className, good, bad: faulty, side: imageSize });
      return make('li', { title: words }, make('span', {}, about), drop);
    });
    const none = make('li', { className: 'quiet' }, text('decideUnused'));
    byId('decide-used', HTMLElement).replaceChildren(...(used.length > 0 ? used : [none]));
    show(byId('decide-none', HTMLElement), !this.#report);
    show(byId('decide-found', HTMLElement), this.#report !== undefined);
    this.#preview();
    this.#list();
  }

  /** Shows what the slider's threshold would do; the report's own until it is moved. */
  #preview(): void {
    const report = this.#report;
    if (!report) return;
    const { good, bad } = report.pictures;
    const moved = byFalseAlarms(good, this.#share(), 0.95);
    const own = report.rule.kind === 'f1_max' && slider.value === '1';
    const { rule, threshold } = own ? { rule: report.rule, threshold: report.scale.threshold } : moved;
    use.disabled = threshold === report.scale.threshold || this.#stop !== undefined;
    const percent = (share: number): string => String(Number((100 * share).toPrecision(2)));
    let words: string;
    if (rule.kind === 'f1_max') words = text('decideBest', { alarms: rule.falseAlarms, missed: rule.missed });
    else {
      const [low, high] = rule.interval.map(percent) as [string, string];
      words = text('decideRate', { expected: percent(rule.expected), n: good.length, low, high });
      if (good.length < ROUGH) words += ` ${text('decideRough')}`;
    }
    slider.setAttribute('aria-valuetext', words);
    byId('decide-words', HTMLElement).textContent = words;
    drawHistogram(byId('decide-chart', HTMLElement), good, bad, threshold);
  }

  #list(): void {
    const report = this.#report;
    if (!report) return;
    listJudged(byId('decide-rows', HTMLElement), report);
    this.#showOdd(report.standsOut);
  }

  /** The good picture that is far from all others, and a way to leave it out. */
  #showOdd(name: string | undefined): void {
    const odd = byId('decide-odd', HTMLElement);
    const given = this.#good.find((g) => g.name === name);
    show(odd, given !== undefined);
    if (!given || odd.dataset.of === `${name} ${document.documentElement.lang}`) return;
    odd.dataset.of = `${name} ${document.documentElement.lang}`;
    const src = URL.createObjectURL(given.file);
    const picture = make('img', { src, alt: given.name });
    picture.addEventListener('load', () => URL.revokeObjectURL(src));
    const out = make('button', { type: 'button' }, text('decideOut'));
    out.addEventListener('click', () => this.#leaveOut(given));
    odd.replaceChildren(picture, make('p', {}, text('decideOdd', { name: given.name })), out);
  }
}
