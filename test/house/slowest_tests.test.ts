import { expect, test } from 'vitest';
import { slowestTests } from '../slowest_tests.js';

test('the slowest tests come first, as many as wanted, in seconds', () => {
  const tests = [
    { name: 'quick', ms: 40 },
    { name: 'slow', ms: 71_260 },
    { name: 'middling', ms: 3_000 },
  ];
  expect(slowestTests(tests, 2)).toEqual(['  71.3 s  slow', '   3.0 s  middling']);
  expect(tests[0]!.name).toBe('quick');
});
