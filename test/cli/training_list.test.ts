/** The samples of a few-shot training: a list as it stands, or a draw from the full one. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { keepDrawnList, openTrainingList } from '../../src/cli/train/training_list.js';
import { parseMetadata } from '../../src/data/metadata.js';

const dir = mkdtempSync(join(tmpdir(), 'aaclip-list-'));
const at = (...parts: string[]): string => join(dir, ...parts);
afterAll(() => rmSync(dir, { recursive: true }));

const row = (className: string, label: number, i: number): string =>
  JSON.stringify({
    image_path: `${className}/${label}/${i}.png`,
    label,
    class_name: className,
    ...(label === 1 ? { mask_path: `${className}/masks/${i}.png` } : {}),
  });
mkdirSync(at('parts'));
const eight = [0, 1, 2, 3, 4, 5, 6, 7];
const rows = ['nut', 'bolt'].flatMap((c) => [0, 1].flatMap((label) => eight.map((i) => row(c, label, i))));
writeFileSync(at('parts', 'full-shot.jsonl'), rows.join('\n'));

const flags = { dataset: 'mine', data: at('parts'), training_mode: 'few_shot', shot: 4, seed: 0 } as const;

describe('a few-shot training', () => {
  it('draws half normal and half abnormal samples of each class, by the seed', async () => {
    const first = await openTrainingList(flags);
    const count = (className: string, label: number): number =>
      first.samples.filter((s) => s.className === className && s.label === label).length;
    expect(['nut', 'bolt'].flatMap((c) => [count(c, 0), count(c, 1)])).toEqual([2, 2, 2, 2]);
    expect(first.notes).toContain('mine: no 4-shot.jsonl: 8 samples drawn from the full list (--seed 0)');
    const paths = (list: { samples: readonly { imagePath: string }[] }): string[] =>
      list.samples.map((s) => s.imagePath);
    expect(paths(await openTrainingList(flags))).toEqual(paths(first));
    expect(paths(await openTrainingList({ ...flags, seed: 1 }))).not.toEqual(paths(first));
    const whole = await openTrainingList({ ...flags, training_mode: 'full_shot' });
    expect([whole.samples.length, whole.drawn]).toEqual([32, undefined]);
  });

  it('keeps the list of its draw, which another draw does not replace', async () => {
    const { drawn, samples } = await openTrainingList(flags);
    await keepDrawnList(dir, drawn!);
    const kept = parseMetadata('kept', readFileSync(at('4-shot.jsonl'), 'utf8'));
    expect(kept.map(({ line, ...s }) => s)).toEqual(samples.map(({ line, ...s }) => s));
    await keepDrawnList(dir, drawn!);
    const other = await openTrainingList({ ...flags, seed: 1 });
    await expect(keepDrawnList(dir, other.drawn!)).rejects.toThrow(
      /4-shot\.jsonl: holds other samples than --seed draws from the full list now: use the same seed/,
    );
    const again = await openTrainingList({ ...flags, seed: 7, metadata: at('4-shot.jsonl') });
    expect([again.samples.length, again.drawn]).toEqual([8, undefined]);
  });

  it('takes a list that is there as it stands', async () => {
    mkdirSync(at('lists', 'mine'), { recursive: true });
    writeFileSync(at('lists', 'mine', '2-shot.jsonl'), `${rows[0]}\n`);
    writeFileSync(at('lists', 'full-shot.jsonl'), rows.join('\n'));
    const listed = await openTrainingList({ ...flags, metadata: at('lists'), shot: 2 });
    expect([listed.samples.length, listed.drawn]).toEqual([1, undefined]);
    const drawn = await openTrainingList({ ...flags, metadata: at('lists'), shot: 6 });
    expect([drawn.samples.length, drawn.drawn?.name]).toEqual([12, '6-shot.jsonl']);
  });

  it('asks for an even number', async () => {
    await expect(openTrainingList({ ...flags, shot: 3 })).rejects.toThrow(/^--shot 3: .*give an even number$/);
  });
});
