/** What is known of the picture that is shown: verdict, score, facts, notes, and the steps while it is being scored. */
import type { Failure, Stage } from '#src/web/engine_messages';
import { byId, fillFacts, make, show } from './elements.js';
import { type TextKey, text } from './language.js';
import type { Entry } from './picture_queue.js';
import { isFaulty, scoreOf, type Threshold } from './verdict.js';

const FAILURES: Readonly<Record<Failure['code'], TextKey>> = {
  picture: 'failPicture',
  score: 'failScore',
  weights: 'failWeights',
  adapters: 'failAdapters',
  class: 'failClass',
  device: 'failDevice',
  options: 'failOptions',
  training: 'failTraining',
  calibration: 'failCalibration',
  aborted: 'failAborted',
  storage: 'failStorage',
  internal: 'failInternal',
};

const STAGES: Readonly<Record<Stage, TextKey>> = {
  picture: 'stagePicture',
  device: 'stageDevice',
  files: 'stageFiles',
  weights: 'stageWeights',
  kernels: 'stageKernels',
  score: 'stageScore',
  calibrate: 'stageCalibrate',
  copy: 'stageCopy',
  train: 'stageTrain',
  again: 'stageAgain',
};

const RULES = { calibration: 'ruleCalibration', training: 'ruleTraining', preset: 'rulePreset' } as const;

const verdict = byId('verdict', HTMLElement);
const steps = byId('steps', HTMLElement);
const progress = byId('progress', HTMLProgressElement);

/** What failed, in the user's language, and the reason in one line. */
export const failureTitle = ({ code }: Failure): string => text(FAILURES[code]);

/**
 * Says something in a line, and the reason for it. Reasons are in English, whatever the language of the page: they are marked
 * so, for programs that read aloud.
 * @param after what the page says after the reason
 */
export function sayReason(line: HTMLElement, words: string, reason: string, after = ''): void {
  line.replaceChildren(`${words} `, make('span', { lang: 'en' }, reason), after);
}

/** Says in a line what failed and why. @param after what the page says after the reason */
export function sayFailure(line: HTMLElement, failure: Failure, after = ''): void {
  sayReason(line, `${failureTitle(failure)}:`, failure.message, after);
}

export const stageName = (stage: Stage): string => text(STAGES[stage]);

/** Shows the step that a job is at. */
export function showProgress(bar: HTMLProgressElement, share: number | undefined): void {
  show(bar, true);
  if (share === undefined) bar.removeAttribute('value');
  else bar.value = share;
}

/** A step of the shown picture that begins or goes on. */
export function showStage(stage: Stage, share: number | undefined): void {
  showProgress(progress, share);
  const name = stageName(stage);
  if (steps.lastElementChild?.firstChild?.textContent === name) return;
  steps.append(make('li', { className: 'now' }, make('span', {}, name)));
}

function factsOf(report: NonNullable<Entry['report']>): (readonly [string, string])[] {
  const { peak, width, height, model, imageScore } = report;
  const ms = report.steps.reduce((sum, step) => sum + step.ms, 0);
  return [
    [text('factScore'), scoreOf(report).toFixed(4)],
    [text('factPublished'), report.score.toFixed(4)],
    [text('factImage'), imageScore.toFixed(4)],
    [text('factPeak'), text('peakAt', { value: peak.value.toFixed(4), x: peak.x, y: peak.y })],
    [text('factSize'), text('sizeOf', { width, height, side: model.imageSize })],
    [text('factTime'), seconds(ms)],
  ];
}

const seconds = (ms: number): string => (ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`);

function notesOf({ report, orient }: Entry): string[] {
  if (!report) return [];
  const { unknownWords, adapted } = report.model;
  const words = unknownWords.map((word) => `“${word}”`).join(', ');
  return [
    ...(unknownWords.length > 0 ? [text('noteUnknown', { words })] : []),
    ...(adapted ? [] : [text('notePlain')]),
    ...(report.orientation === 1 ? [] : [text(orient ? 'noteTurned' : 'noteExif')]),
  ];
}

/** @param retry scores the picture again at a smaller size */
export function showResult(entry: Entry | undefined, threshold: Threshold, retry: (size: number) => void): void {
  const { report, failure, state } = entry ?? {};
  const faulty = report && isFaulty(report, threshold);
  const words = verdictWords(entry, threshold);
  // Setting the same words again would have them read out again.
  if (verdict.textContent !== words) verdict.textContent = words;
  verdict.dataset.kind = failure ? 'failed' : faulty === undefined ? '' : faulty ? 'faulty' : 'good';
  const score = report ? scoreOf(report) : 0;
  byId('meter-bar', HTMLElement).style.width = `${100 * score}%`;
  byId('meter-mark', HTMLElement).style.left = `${100 * threshold.value}%`;
  const rule = byId('rule', HTMLElement);
  rule.textContent = threshold.own ? text('ruleOwn') : report ? text(RULES[report.decision.source]) : '';
  rule.title = report?.decision.rule ?? '';
  fillFacts(byId('facts', HTMLElement), report ? factsOf(report) : []);
  const notes = notesOf(entry ?? ({} as Entry)).map((note) => make('li', {}, note));
  if (failure && state === 'failed') {
    notes.push(make('li', { className: 'reason', lang: 'en' }, failure.message));
    const { smaller } = failure;
    if (smaller !== undefined) {
      const again = make('button', { type: 'button' }, text('trySmaller', { n: smaller }));
      again.addEventListener('click', () => retry(smaller));
      notes.push(make('li', {}, again));
    }
  }
  byId('notes', HTMLElement).replaceChildren(...notes);
  if (state === 'running' && steps.dataset.of === entry!.name) return;
  show(progress, state === 'running');
  progress.removeAttribute('value');
  steps.dataset.of = state === 'running' ? entry!.name : '';
  const taken = report?.steps ?? [];
  steps.replaceChildren(
    ...taken.map(({ stage, ms }) => make('li', {}, make('span', {}, stageName(stage)), make('span', {}, seconds(ms)))),
  );
}

function verdictWords(entry: Entry | undefined, threshold: Threshold): string {
  if (!entry) return text('waiting');
  if (entry.failure) return failureTitle(entry.failure);
  if (!entry.report) return text('working', { name: entry.name });
  const key = isFaulty(entry.report, threshold) ? 'verdictFaulty' : 'verdictGood';
  return text(key, { score: scoreOf(entry.report).toFixed(2), threshold: threshold.value.toFixed(2) });
}
