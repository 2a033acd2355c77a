/** What `calibrate` prints. */
import type { CalibrationReport } from '../../calibrate/calibrate.js';
import type { JudgedPicture } from '../../calibrate/choose_scale.js';
import { printable } from '../../data/printable.js';
import { ruleOf } from '../../detect/calibration.js';
import { onScale } from '../../detect/score_scale.js';
import { picturesForRate } from '../../eval/good_threshold.js';

/** Pictures of each kind whose scores are shown: those that are closest to the threshold. */
const SHOWN = 3;

const patchesOf = ({ calibration }: CalibrationReport): number =>
  [...calibration.references.values()].reduce((sum, { values, width }) => sum + values.length / width, 0);

/** Lines for people. */
export function textLines(report: CalibrationReport, file: string): string[] {
  const { calibration, good, bad, standsOut } = report;
  const { scale, rule, references } = calibration;
  const score = (p: JudgedPicture): string => `  ${onScale(p.value, scale).toFixed(2)}  ${printable(p.name)}`;
  const rising = (pictures: readonly JudgedPicture[]): JudgedPicture[] =>
    [...pictures].sort((a, b) => a.value - b.value);
  const lines = [
    ruleOf(calibration),
    references.size === 0
      ? 'without references: pictures are judged by the zero-shot map alone'
      : `references: ${patchesOf(report)} patches at ${references.size} ${references.size === 1 ? 'level' : 'levels'}`,
    `good pictures with the highest scores (0.5 is the threshold${references.size > 0 ? '; none is compared with itself' : ''}):`,
    ...rising(good).slice(-SHOWN).reverse().map(score),
  ];
  if (bad.length > 0) lines.push('faulty pictures with the lowest scores:', ...rising(bad).slice(0, SHOWN).map(score));
  if (rule.kind === 'false_alarms' && !rule.kept) {
    const wanted = picturesForRate(rule.wanted);
    lines.push(
      `note: a rate of ${rule.wanted} takes ${wanted} good pictures: give more, or ask for less (--false_alarms)`,
    );
  }
  if (rule.kind === 'f1_max')
    lines.push(`of these: ${rule.falseAlarms} good called faulty, ${rule.missed} faulty called good`);
  if (standsOut) lines.push(`note: ${standsOutNote(standsOut)}`);
  return [...lines, `written: ${printable(file)}`];
}

const standsOutNote = ({ name }: JudgedPicture): string =>
  `${printable(name)} stands out among the good pictures: look at it: if it is faulty, leave it out, since it raises the threshold`;

/** The line of `--json`. */
export function jsonLine(report: CalibrationReport, file: string): string {
  const { calibration, good, bad, standsOut } = report;
  const { className, words, domain, scale, rule, combination } = calibration;
  const listed = (pictures: readonly JudgedPicture[]): unknown[] =>
    pictures.map(({ name, value }) => ({ image: name, normalized_score: onScale(value, scale) }));
  return JSON.stringify({
    class: className,
    prompt_name: words,
    domain,
    file,
    rule: { ...rule, text: ruleOf(calibration) },
    scale,
    combination,
    reference_patches: patchesOf(report),
    good: listed(good),
    bad: listed(bad),
    ...(standsOut ? { stands_out: { image: standsOut.name, note: standsOutNote(standsOut) } } : {}),
  });
}
