/** WGSL has no include: a function that several kernels contain must have the same text in all of them. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { functionsOf } from './wgsl_text.js';

const FOLDER = fileURLToPath(new URL('../../shaders/', import.meta.url));

/** Signatures with more than one text, with the kernels that have them. */
function differing(kernels: ReadonlyMap<string, string>): string[] {
  const places = new Map<string, Map<string, string[]>>();
  for (const [name, kernel] of kernels) {
    for (const { signature, text } of functionsOf(kernel)) {
      const texts = places.get(signature) ?? new Map<string, string[]>();
      places.set(signature, texts.set(text, [...(texts.get(text) ?? []), name]));
    }
  }
  return [...places]
    .filter(([, texts]) => texts.size > 1)
    .map(([signature, texts]) => `${signature}: ${[...texts.values()].map((names) => names.join(', ')).join(' | ')}`);
}

it('functions of one name and one signature have one text in all kernels', () => {
  const files = readdirSync(FOLDER).map((f) => [f, readFileSync(FOLDER + f, 'utf8')] as const);
  const found = files.flatMap(([, text]) => functionsOf(text));
  const declared = files.flatMap(([, text]) => text.match(/^fn (?!main\b)/gm) ?? []);
  expect(found).toHaveLength(declared.length);
  expect(found.length).toBeGreaterThan(0);
  expect(differing(new Map(files))).toEqual([]);
});

it('the search tells different texts apart, and does not mix up signatures', () => {
  const kernel = (body: string, type = 'f32') => `fn twice(x: ${type}, n: u32) -> ${type} {\n  return ${body};\n}\n`;
  const line = 'fn half(x: f32) -> f32 { return 0.5 * x; }\n';
  expect(functionsOf(line + kernel('2.0 * x')).map((f) => f.signature)).toEqual([
    'half(f32) -> f32',
    'twice(f32, u32) -> f32',
  ]);
  const differ = (a: string, b: string) => differing(new Map([['a', line + a] as const, ['b', line + b] as const]));
  expect(differ(kernel('2.0 * x'), kernel('2.0 * x'))).toEqual([]);
  expect(differ(kernel('2.0 * x'), kernel('2.0 * x', 'vec2f'))).toEqual([]);
  expect(differ(kernel('2.0 * x'), kernel('x + x'))).toEqual(['twice(f32, u32) -> f32: a | b']);
});
