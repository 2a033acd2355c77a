/** The summary of `aaclip test-all`, on figures made up here. */
import { describe, expect, it } from 'vitest';
import type { SetState } from '../../src/cli/test_all/best_epoch.js';
import type { KeptRun, RunIdentity } from '../../src/cli/test_all/results_tree.js';
import { type Summary, summarise, summaryFiles } from '../../src/cli/test_all/summary.js';

const identity = { weights: 'W', savePath: 'ckpt' } as RunIdentity;

/** A data set with four equal figures at each epoch. */
function state(name: string, domain: SetState['domain'], figures: readonly number[], abnormal = 1): SetState {
  const runs = figures.map((v, i) => {
    const average = { pixelAuc: v, pixelAp: v, imageAuc: v, imageAp: v };
    const classes = [{ className: name, images: 2, abnormalImages: abnormal, ...average }];
    return { dataset: name, epoch: i + 1, domain, images: 2, sheets: [], classes, average, checkpoint: '' };
  });
  return { name, domain, state: 'SUCCESS', known: 3, runs: runs as unknown as KeptRun[] };
}

const MISSING: SetState = { name: 'C|D, "x"', domain: 'Medical', state: 'NOT FOUND', why: 'needs', known: 1, runs: [] };
const files = (summary: Summary): Record<string, string> => summaryFiles(summary) as Record<string, string>;

describe('the summary', () => {
  const two = summarise(
    identity,
    [state('A', 'Medical', [10, 90]), state('B', 'Industrial', [50, 20]), MISSING],
    [1, 2],
  );

  it('takes one epoch for all data sets, by their average, and says how', () => {
    expect(two.choice).toMatchObject({
      epoch: 2,
      how: expect.stringMatching(/^Of 2 epochs, .*chosen on the data it is/),
    });
    const { 'summary.md': md, 'summary.txt': text, 'summary.csv': csv } = files(two);
    expect(md).toContain(
      '| A | Medical | 1 of 3 | 90.00 | 90.00 | 90.00 | 90.00 |\n| B | Industrial | 1 of 3 | 20.00 |',
    );
    expect(md).toContain('| **Average** |  |  | **55.00** | **55.00** | **55.00** | **55.00** |');
    expect(md).toContain('\n| 1 | 30.00 | 30.00 | 30.00 | 30.00 |\n| **2** | **55.00** |');
    expect(md).toContain('\n- C\\|D, "x": not found: needs\n');
    expect(text).toMatch(/\nC\|D, "x": NOT FOUND: needs\n/);
    expect(text).toMatch(/\n *Average, Medical +90\.00.*\nAverage, Industrial +20\.00.*\n +Average +55\.00/);
    expect(csv!.split('\n')).toEqual([
      'epoch,best,dataset,domain,state,classes,images,pixel_auc,pixel_ap,image_auc,image_ap',
      '1,,A,Medical,SUCCESS,1,2,10.00,10.00,10.00,10.00',
      '1,,B,Industrial,SUCCESS,1,2,50.00,50.00,50.00,50.00',
      '1,,"C|D, ""x""",Medical,NOT FOUND,,,,,,',
      '1,,"Average, Medical",,,,,10.00,10.00,10.00,10.00',
      '1,,"Average, Industrial",,,,,50.00,50.00,50.00,50.00',
      '1,,Average,,,,,30.00,30.00,30.00,30.00',
      '2,best,A,Medical,SUCCESS,1,2,90.00,90.00,90.00,90.00',
      '2,best,B,Industrial,SUCCESS,1,2,20.00,20.00,20.00,20.00',
      '2,best,"C|D, ""x""",Medical,NOT FOUND,,,,,,',
      '2,best,"Average, Medical",,,,,90.00,90.00,90.00,90.00',
      '2,best,"Average, Industrial",,,,,20.00,20.00,20.00,20.00',
      '2,best,Average,,,,,55.00,55.00,55.00,55.00',
    ]);
  });

  it('has the intervals of averages, where the tests were asked for them', () => {
    const averageIntervals = { pixelAuc: [50, 60.5], pixelAp: [1, 2], imageAuc: null, imageAp: null };
    const [a, b] = [state('A', 'Medical', [55]), state('B', 'Medical', [60])];
    const one = { ...a, runs: a.runs.map((run) => ({ ...run, averageIntervals })) as unknown as KeptRun[] };
    const { 'summary.md': md, 'summary.json': json } = summaryFiles(summarise(identity, [one, b], [1])) as {
      'summary.md': string;
      'summary.json': { datasets: { epochs: { intervals?: object }[] }[] };
    };
    expect(md).toMatch(
      /\n## Intervals\n\n95% .*\n\n.*\n.*\n\| A \| 50\.00–60\.50 \| 1\.00–2\.00 \| n\/a \| n\/a \|\n\n/,
    );
    expect(json.datasets.map(({ epochs }) => epochs[0]!.intervals)).toEqual([averageIntervals, undefined]);
    expect(files(two)['summary.md']).not.toContain('Intervals');
  });

  it('takes the earlier of two equal epochs', () => {
    expect(summarise(identity, [state('A', 'Medical', [40, 40])], [1, 2]).choice!.epoch).toBe(1);
  });

  it('leaves pictures of one label alone out of averages of pictures', () => {
    const { rows } = summarise(identity, [state('A', 'Medical', [60]), state('B', 'Medical', [0], 2)], [1]);
    expect(rows[0]!.average).toEqual({ pixelAuc: 30, pixelAp: 30, imageAuc: 60, imageAp: 60 });
    expect(rows[0]!.datasets[1]![1]).toEqual({ pixelAuc: 0, pixelAp: 0, imageAuc: null, imageAp: null });
  });

  it('says that there is nothing yet', () => {
    const none = summarise(identity, [MISSING], [1, 2]);
    expect(none.choice).toBeUndefined();
    expect(files(none)['summary.txt']).toMatch(/Not found: 1\n=+\nDetailed results:\nC\|D, "x": NOT FOUND: needs$/);
  });
});
