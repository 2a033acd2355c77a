import { expect, test } from 'vitest';
import { own, similarName } from '../../src/data/names.js';

test('names are looked up exactly, and inherited ones are not found', () => {
  expect(own({ nut: 1 }, 'nut')).toBe(1);
  expect(own({ nut: 1 }, 'Nut')).toBeUndefined();
  expect(own({ nut: 1 }, 'constructor')).toBeUndefined();
});

test('a name is similar in other case, blanks, hyphens and underscores only', () => {
  const known = ['metal_nut', 'MVTec', 'CVC-300'];
  expect(similarName(known, 'Metal nut')).toBe('metal_nut');
  expect(similarName(known, 'mvtec')).toBe('MVTec');
  expect(similarName(known, 'cvc 300')).toBe('CVC-300');
  expect(similarName(known, 'metal_nuts')).toBeUndefined();
});
