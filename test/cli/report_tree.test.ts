/** The page of all data sets, from a folder that the code of `test-all` wrote. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SetState } from '../../src/cli/test_all/best_epoch.js';
import { behind, drawPictures, MadeResults, tested } from './made_results.js';
import { expectSound, type Opened, openPage, rowsOf } from './opened_page.js';

const made = new MadeResults();
afterAll(() => made.remove());

const figures = (v: number) => ({ pixelAuc: v, pixelAp: v, imageAuc: v, imageAp: v, pixelAupro: v });
const MISSING: SetState = {
  name: 'Gone',
  domain: 'Medical',
  trainedOn: false,
  state: 'NOT FOUND',
  why: 'needs <x>',
  known: 1,
  runs: [],
};

let folder = '';
let page: Opened;
beforeAll(async () => {
  const drawn = behind({ sheet: made.at('all', 'Parts', 'visualization', 'nut', 'sheet.png') });
  folder = await made.tree(
    'all',
    [
      // Two classes with a mean of 60, then 40: an average over data sets is none over classes.
      {
        ...{ name: 'Parts', domain: 'Industrial' },
        epochs: [
          [tested('nut', { ...figures(50), behind: drawn }), tested('bolt', figures(70))],
          [tested('nut', figures(30)), tested('bolt', figures(50))],
        ],
      },
      // All of its images are abnormal: it has no figures of images.
      {
        ...{ name: 'Colon', domain: 'Medical' },
        epochs: [
          [tested('colon', { ...figures(90), imageAuc: 0, imageAp: 0, imageF1: null, abnormalImages: 6 })],
          [tested('colon', { ...figures(80), imageAuc: 0, imageAp: 0, imageF1: null, abnormalImages: 6 })],
        ],
      },
    ],
    [MISSING],
  );
  drawPictures(join(folder, 'Parts', 'visualization', 'nut'));
  page = await openPage([folder], made.at('page.html'));
});

describe('the page of all data sets', () => {
  it('has a part for each data set at the best epoch, which is marked and explained', () => {
    expectSound(page);
    expect(page.texts('h1')).toEqual(['Test of Parts, Colon']);
    expect(page.texts('h2')).toEqual([
      'All data sets',
      'Epochs',
      'Parts, epoch 1',
      'Colon, epoch 1',
      'Settings',
      'Terms',
    ]);
    expect(rowsOf(page, 'All epochs').map((r) => r.slice(0, 2))).toEqual([
      ['Epoch', 'Pixel AUROC'],
      ['1 best', '75.00'],
      ['2', '60.00'],
    ]);
    expect(page.texts('.marked th')).toEqual(['1 best']);
    expect(page.texts('#epochs p')[0]).toMatch(/^The rest of the page shows epoch 1\. Of 2 epochs, the one with /);
    // Five kinds of curves, and two histograms a class.
    expect(page.all('#set1 .charts figure')).toHaveLength(9);
    expect(page.all('#set2 .charts figure')).toHaveLength(7);
  });

  it('has the averages of the summary: over classes, then over data sets, of what each can give', () => {
    expect(rowsOf(page, 'All data sets').map((r) => r.slice(0, 6))).toEqual([
      ['Data set', 'Domain', 'Classes', 'Pixel AUROC', 'Pixel AP', 'Image AUROC'],
      ['Parts', 'Industrial', '2 of 3', '60.00', '60.00', '60.00'],
      ['Colon', 'Medical', '1 of 3', '90.00', '90.00', '–'],
      ['Average, Industrial', '', '', '60.00', '60.00', '60.00'],
      ['Average, Medical', '', '', '90.00', '90.00', '–'],
      ['Average', '', '', '75.00', '75.00', '60.00'],
    ]);
    const summary = readFileSync(join(folder, 'summary.csv'), 'utf8');
    expect(summary).toContain('\n1,best,Average,,,,,75.00,75.00,60.00,60.00,\n');
    expect(page.texts('.tiles dd').slice(0, 2)).toEqual(['60.00 %', '75.00 %']);
    expect(page.texts('#all li')).toEqual(['Gone: not found: needs <x>']);
  });

  it('marks the data set that the adapters were trained on, and averages the others apart', async () => {
    const one = (name: string, v: number, trainedOn: boolean) =>
      ({ name, domain: 'Industrial', trainedOn, epochs: [[tested('nut', figures(v))]] }) as const;
    const marked = await made.tree('own', [one('Own', 90, true), one('Other', 50, false)]);
    const own = await openPage([marked], made.at('own.html'));
    expectSound(own);
    expect(rowsOf(own, 'All data sets').map((r) => [r[0], r[3]])).toEqual([
      ['Data set', 'Pixel AUROC'],
      ['Own trained on: not zero-shot', '90.00'],
      ['Other', '50.00'],
      ['Average, zero-shot', '50.00'],
      ['Average', '70.00'],
    ]);
  });

  it('says when and how long it was tested, and shows pictures that were drawn', () => {
    const facts = rowsOf(page, 'Test');
    expect(facts).toContainEqual(['imageSize', '56']);
    expect(facts).toContainEqual(['time', '8.0 s']);
    expect(facts.find(([name]) => name === 'started')![1]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d UTC$/);
    expect(page.texts('#set1 > .quiet')[0]).toBe('Industrial, 12 images, 6.00 images/s');
    expect(page.all('#set1 .gallery img')).toHaveLength(6);
  });

  it('shows another epoch where that is wanted, and is that of one data set for its folder', async () => {
    const other = await openPage([folder], made.at('page.html'), 2);
    expect(other.texts('h2')).toContain('Parts, epoch 2');
    expect(other.texts('.marked th')).toEqual(['1 best']);
    const one = await openPage([join(folder, 'Parts')], made.at('page.html'));
    expectSound(one);
    expect(rowsOf(one, 'Parts').map((r) => r[0])).toEqual(['Class', 'nut', 'bolt', 'Average']);
  });

  it('names a summary that is none', async () => {
    writeFileSync(made.at('all', 'summary.json'), '{"run": {}, "choice": 3, "datasets": []}');
    await expect(openPage([folder], made.at('page.html'))).rejects.toThrow(
      /^\S+summary\.json: not a summary of all data sets: expected .*run it again$/,
    );
  });
});
