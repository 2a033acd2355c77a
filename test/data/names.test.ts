import { expect, test } from 'vitest';
import { own, similarName } from '../../src/data/names.js';

test('names are looked up exactly, and inherited ones are not found', () => {
  expect(own({ nut: 1 }, 'nut')).toBe(1);
  expect(own({ nut: 1 }, 'Nut')).toBeUndefined();
  expect(own({ nut: 1 }, 'constructor')).toBeUndefined();
});

test('names are similar if they differ only in case, blanks, hyphens and underscores', () => {
  const known = ['metal_nut', 'MVTec', 'CVC-300'];
  expect(similarName(known, 'Metal nut')).toBe('metal_nut');
  expect(similarName(known, 'mvtec')).toBe('MVTec');
  expect(similarName(known, 'cvc 300')).toBe('CVC-300');
  expect(similarName(known, 'metal_nuts')).toBeUndefined();
});
