import { describe, expect, test } from 'vitest';
import { findClass, findDataset, promptsFor } from '../../src/data/class_prompts.js';
import { type DatasetInfo, REGISTRY } from '../../src/data/datasets.js';
import { goldenJson } from '../golden_files.js';

interface Published {
  readonly prompts: Readonly<Record<'prompt_normal' | 'prompt_abnormal' | 'prompt_templates', string[]>>;
  readonly datasets: Readonly<Record<string, DatasetInfo>>;
}
const published = goldenJson<Published>('datasets.json');

describe('the constants', () => {
  test('are the published ones', () => {
    const { MVTec2, ...others } = REGISTRY.datasets;
    const withoutLayout = Object.entries(others).map(([name, { layout, ...info }]) => {
      expect(layout).toBeDefined();
      return [name, info];
    });
    expect(Object.fromEntries(withoutLayout)).toEqual(published.datasets);
    expect(Object.keys(others)).toEqual(Object.keys(published.datasets));
    for (const [name, info] of Object.entries(published.datasets)) {
      // Classes are in the order of result tables.
      expect(Object.keys(others[name]!.classes)).toEqual(Object.keys(info.classes));
    }
    expect(Object.keys(MVTec2!.classes)).toHaveLength(8);
    expect([REGISTRY.normalStates, REGISTRY.abnormalStates, REGISTRY.templates]).toEqual([
      published.prompts.prompt_normal,
      published.prompts.prompt_abnormal,
      published.prompts.prompt_templates,
    ]);
  });

  test('name every class once, so that a class is found without its data set', () => {
    const names = Object.values(REGISTRY.datasets).flatMap((d) => Object.keys(d.classes));
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('prompts', () => {
  test('are states times templates, templates fastest', () => {
    const { normal, abnormal } = promptsFor('bottle');
    expect(normal).toEqual([
      'dark bottle.',
      'a photo of dark bottle.',
      'a dark bottle.',
      'a photo of a dark bottle.',
      'the dark bottle.',
      'a photo of the dark bottle.',
    ]);
    expect(abnormal).toEqual([
      'a damaged dark bottle.',
      'a photo of a damaged dark bottle.',
      'a broken dark bottle.',
      'a photo of a broken dark bottle.',
      'a dark bottle with flaw.',
      'a photo of a dark bottle with flaw.',
      'a dark bottle with defect.',
      'a photo of a dark bottle with defect.',
      'a dark bottle with damage.',
      'a photo of a dark bottle with damage.',
    ]);
  });

  test('match the published list, in its order, for every published class', () => {
    const listed = goldenJson<[text: string, ids: number[]][]>('tokens.json').map(([text]) => text);
    const classes = Object.values(published.datasets).flatMap((d) => Object.keys(d.classes));
    const ours = classes.flatMap((name) => {
      const { normal, abnormal } = promptsFor(name);
      return [...normal, ...abnormal];
    });
    // The list holds each text once, so data sets that share a real name appear at the first.
    const unique = [...new Set(ours)];
    expect(listed.slice(0, unique.length)).toEqual(unique);
  });

  test('keep a real name that ends in a full stop', () => {
    expect(promptsFor('01').normal[0]).toMatch(/radiating outward\.\.$/);
  });

  test('of an unknown class use its own name', () => {
    const { normal, realName, known, domain } = promptsFor('left-hand $& {} gear');
    expect([realName, known, domain]).toEqual(['left-hand $& {} gear', false, 'Industrial']);
    expect(normal[3]).toBe('a photo of a left-hand $& {} gear.');
    expect(promptsFor('constructor').known).toBe(false);
  });

  test('of "object" are known everywhere', () => {
    const { normal, known, domain } = promptsFor('object');
    expect([normal[0], known, domain]).toEqual(['object.', true, 'Industrial']);
    expect(findClass('Brain', 'object')).toBe('object');
  });

  test('know the medical classes', () => {
    for (const name of ['Brain', 'CVC-300', 'Kvasir']) expect(promptsFor(name).domain).toBe('Medical');
    expect(promptsFor('bottle').domain).toBe('Industrial');
  });

  test.each(['', ' ', '\t\n'])('of the blank name %j are refused', (name) => {
    expect(() => promptsFor(name)).toThrow(/^class name: empty: expected .*"bottle"/);
  });
});

describe('lookups', () => {
  test('find data sets and classes', () => {
    expect(findDataset('BTAD').folder).toBe('BTech_Dataset_transformed');
    expect(findClass('MVTec', 'zipper')).toBe('a black zipper');
  });

  test('list the known names when one is unknown', () => {
    expect(() => findDataset('mvtec')).toThrow(/unknown name: expected one of Brain, .*MVTec, VisA.*, got "mvtec"/);
    expect(() => findDataset('toString')).toThrow(/unknown name/);
    expect(() => findClass('BTAD', '1')).toThrow(
      'data set BTAD: unknown class: expected one of 01, 02, 03, object, got "1"',
    );
  });
});
