import { expect, it } from 'vitest';
import { constantsOf, evaluate, workgroupBytes } from './wgsl_memory.js';

it('evaluates constant expressions as WGSL does', () => {
  const known = new Map<string, number | boolean>([
    ['A', 7],
    ['ON', true],
  ]);
  const value = (text: string) => evaluate(text, known);
  expect(value('A / 2u + 1u')).toBe(4);
  expect(value('2u * (A + 1u) % 5u')).toBe(1);
  expect(value('10u - 3u - 2u')).toBe(5);
  expect(value('select(A, max(A, 9u), ON && A > 3u || false)')).toBe(9);
  expect(value('1u << 4u >> 1u')).toBe(8);
  expect(value('select(1u, 2u, !ON)')).toBe(1);
  expect(() => value('B + 1u')).toThrow('wgsl: "B + 1u": B is not known');
});

it('adds up workgroup memory', () => {
  const text = `const N: u32 = 6u;
const ROW = N / 4u + 1u;
const PI = 3.14159;
alias T = f32;
var<workgroup> a: array<vec4u, max(ROW * 3u, 4u)>;
var<workgroup> b: array<T, N>;
var<workgroup> c: array<array<f16, ROW>, 3u>;
`;
  expect([...constantsOf(text)]).toEqual([
    ['N', 6],
    ['ROW', 2],
  ]);
  expect(workgroupBytes(text)).toBe(Math.ceil((6 * 16 + 6 * 4 + 2 * 2 * 3) / 16) * 16);
  expect(() => workgroupBytes('var<workgroup> a: array<mat2x2f, 2>;')).toThrow('the size of mat2x2f is not known');
});
