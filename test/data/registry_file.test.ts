import { describe, expect, test } from 'vitest';
import { findClass, promptsFor } from '../../src/data/class_prompts.js';
import { REGISTRY } from '../../src/data/datasets.js';
import { extendRegistry, registryText } from '../../src/data/registry_file.js';

const extend = (value: unknown) => extendRegistry('own.json', JSON.stringify(value), REGISTRY);
const nuts = { domain: 'Industrial', classes: { nut: 'steel nut' } };

describe('a registry file', () => {
  test('with exactly the printed registry changes nothing', () => {
    expect(extendRegistry('own.json', registryText(REGISTRY), REGISTRY)).toEqual(REGISTRY);
    expect(extendRegistry('own.json', '\ufeff{}', REGISTRY)).toEqual(REGISTRY);
  });

  test('adds data sets, classes and prompt names', () => {
    const scans = { domain: 'Medical', folder: 'a/b', layout: 'bmad', classes: { knee: 'scan of a knee' } };
    const registry = extend({
      datasets: { Nuts: nuts, Knee: scans, MPDD: { classes: { hinge: 'hinge', tubes: 'pipes' } } },
    });
    expect(Object.keys(registry.datasets)).toEqual([...Object.keys(REGISTRY.datasets), 'Nuts', 'Knee']);
    expect(registry.datasets.Nuts).toEqual({ ...nuts, folder: 'Nuts' });
    expect(registry.datasets.Knee).toEqual(scans);
    expect(findClass('MPDD', 'hinge', registry)).toBe('hinge');
    expect(promptsFor('tubes', registry).normal[0]).toBe('pipes.');
    expect(registry.datasets.MPDD!.folder).toBe('MPDD');
    expect(promptsFor('knee', registry)).toMatchObject({ domain: 'Medical', known: true, realName: 'scan of a knee' });
  });

  test('gives prompt texts for all, or for one data set', () => {
    const own = { ...nuts, abnormalStates: ['a rusty {}'], templates: ['{}', 'an X-ray of {}'] };
    const registry = extend({ normalStates: ['perfect {}'], datasets: { Nuts: own } });
    const { normal, abnormal } = promptsFor('nut', registry);
    expect(normal).toEqual(['perfect steel nut', 'an X-ray of perfect steel nut']);
    expect(abnormal).toEqual(['a rusty steel nut', 'an X-ray of a rusty steel nut']);
    expect(promptsFor('screw', registry).normal).toEqual(['perfect screw.', 'a photo of perfect screw.']);
  });

  test('may name a class that another data set has: the chosen data set decides', () => {
    const registry = extend({ datasets: { Mine: { domain: 'Medical', classes: { bottle: 'green flask' } } } });
    expect(promptsFor('bottle', registry).realName).toBe('dark bottle');
    expect(promptsFor('bottle', registry, 'Mine')).toMatchObject({ realName: 'green flask', domain: 'Medical' });
    expect(promptsFor('cable', registry, 'Mine')).toMatchObject({
      realName: 'top view of three cables',
      domain: 'Medical',
    });
    expect(promptsFor('bottle', registry, 'nobody').realName).toBe('dark bottle');
  });

  const bad: [what: string, value: unknown, message: RegExp][] = [
    ['a list', [], /^own\.json: the file: expected an object, got \[\]$/],
    ['an unknown key', { dataset: {} }, /^own\.json: the file: expected the keys .*datasets, got "dataset"$/],
    [
      'no domain',
      { datasets: { N: { classes: { a: 'b' } } } },
      /data set "N": domain: expected "Industrial" or "Medical", got nothing$/,
    ],
    ['another domain', { datasets: { N: { ...nuts, domain: 'Medicine' } } }, /domain: .* got "Medicine"$/],
    [
      'no classes',
      { datasets: { N: { domain: 'Medical' } } },
      /data set "N": classes: expected an object, got nothing$/,
    ],
    [
      'a class without name',
      { datasets: { N: { ...nuts, classes: { a: '' } } } },
      /class "a": expected a text, got ""$/,
    ],
    ['another layout', { datasets: { N: { ...nuts, layout: 'toString' } } }, /layout: expected one of folder, mvtec/],
    [
      'an unknown key inside',
      { datasets: { N: { ...nuts, root: 'x' } } },
      /data set "N": expected the keys domain, .* got "root"$/,
    ],
    ['the name all', { datasets: { all: nuts } }, /data set "all": expected a name other than "all"/],
    ['a comma in a name', { datasets: { 'a,b': nuts } }, /data set "a,b": expected a name/],
    [
      'a template without place',
      { templates: ['a photo'] },
      /templates\[0\]: expected a text with one \{\} in it, got "a photo"$/,
    ],
    ['no states', { datasets: { N: { ...nuts, normalStates: [] } } }, /data set "N": normalStates: expected a list/],
  ];
  test.each(bad)('with %s is refused by its place', (_, value, message) => {
    expect(() => extend(value)).toThrow(message);
  });

  test('that is not JSON is refused', () => {
    expect(() => extendRegistry('own.json', '{"datasets": ', REGISTRY)).toThrow(/^own\.json: not JSON: [^\n]*$/);
  });
});
