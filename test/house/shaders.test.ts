import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { detectRaces, WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import { interfaceOf, type Knobs, specialise } from '../../src/gpu/shader.js';
import { BARRIERS, barriersOf, unexplainedBarriers, withoutBarrier } from './barriers.js';
import { uninitialisedInLoops } from './wgsl_text.js';

const FOLDER = fileURLToPath(new URL('../../shaders/', import.meta.url));
const kernels = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.wgsl'))
  .map((file) => ({ stem: file.slice(0, -5), text: readFileSync(FOLDER + file, 'utf8') }));

/** Language extensions the parser, or its interpreter, does not know. */
const UNPARSED = /^enable chromium_experimental_subgroup_matrix;/m;
const UNINTERPRETED = /^enable (?:subgroups|f16|chromium_experimental_subgroup_matrix);/m;

/** Most lines of long kernels; the first that fits counts. One on matrix units holds staging, product, drained sums and fusions. */
const LONG: readonly (readonly [RegExp, number])[] = [
  [/\.matrix$/, 335],
  [/^attention/, 220],
  [/^matmul/, 300],
];

interface Case {
  readonly knobs?: Knobs;
  readonly params?: Readonly<Record<string, number>>;
}

const BLOCK: Knobs = { TX: 2, TY: 2, RM: 1, RN: 1, BK: 4 };

/**
 * Sizes at which the race search runs a kernel where every parameter being 16 would not reach all of its code: small
 * tiles, and loops that go round more than twice. Several where no single one reaches everything.
 */
const CASES: Readonly<Record<string, Case | readonly Case[]>> = {
  attention_backward_delta: { params: { size: 16, length: 4, heads: 2, width: 4, row: 1, batch: 4 } },
  'attention.tile': {
    knobs: { WG: 8, DH: 8, BK: 4 },
    params: { length: 12, heads: 1, row: 1, batch: 12, stride: 24, q: 0, k: 8, v: 16, causal: 0 },
  },
  'attention_backward.tile': [false, true].map((KEYS) => ({
    knobs: { WG: 8, DH: 8, BK: 4, KEYS },
    params: {
      ...{ length: 12, heads: 1, row: 1, batch: 12, causal: 0, add: 0 },
      ...{ stride: 24, mate_stride: 8, other_stride: 24, x: 0, y: 8, mate: 0, other: 16, to: 0, to_values: 16 },
    },
  })),
  'adapter_mix.tree': { knobs: { MOMENTS: true } },
  ceiling_multiply_add: { params: { turns: 1 } },
  'layer_norm_backward.tree': { params: { start: 0 } },
  // A product either gives moments or reads them.
  'matmul.block': [
    { knobs: { ...BLOCK, MOMENTS: true }, params: { m: 8, n: 8, k: 12, a_batch: 96, b_batch: 96 } },
    { knobs: { ...BLOCK, NORM: true }, params: { m: 8, n: 8, k: 12, a_batch: 96, b_batch: 96, width: 8 } },
    { knobs: { ...BLOCK, MAXIMA: true }, params: { m: 8, n: 8, k: 12, a_batch: 96, b_batch: 96 } },
  ],
  'matmul.tile': [false, true].map((MAXIMA) => ({
    knobs: { TM: 1, TN: 1, BK: 4, MAXIMA },
    params: { m: 16, n: 16, k: 12, lda: 12, ldb: 12, a_batch: 192, b_batch: 192 },
  })),
};

/** Runs a workgroup of a kernel, invocation by invocation, and reports what two of them touch between two barriers. */
function races(stem: string, text: string): string[] {
  return [CASES[stem] ?? {}].flat().flatMap((c) => racesIn(stem, text, c));
}

function racesIn(stem: string, text: string, { knobs = {}, params = {} }: Case): string[] {
  const face = interfaceOf(stem, text);
  const uniform = new DataView(new ArrayBuffer(16 * Math.ceil(Math.max(face.params.length, 1) / 4)));
  face.params.forEach(({ name, type }, i) => {
    if (type === 'f32') uniform.setFloat32(4 * i, params[name] ?? 1, true);
    else uniform.setUint32(4 * i, params[name] ?? 16, true);
  });
  const buffers = Object.fromEntries(
    face.slots.map(({ binding, kind }) => [
      binding,
      kind === 'uniform' ? { uniform: new Uint8Array(uniform.buffer) } : new Float32Array(16384),
    ]),
  );
  const found = detectRaces(specialise(stem, text, knobs), 'main', [1, 1, 1], { 0: buffers });
  return [...found.errors, ...found.races.map((race) => race.message)];
}

test('a variable without a value inside a loop is found', () => {
  const body = (inner: string) => `fn f() {\n  var a: u32;\n  for (var i = 0u; i < 3u; i++) {\n    ${inner}\n  }\n}\n`;
  expect(uninitialisedInLoops(body('var b: vec4f;'))).toEqual([4]);
  expect(uninitialisedInLoops(body('if (i > 1u) { var b: array<f32, 3>; }'))).toEqual([4]);
  expect(uninitialisedInLoops(body('var b = 1.0; // var c: f32;'))).toEqual([]);
  expect(uninitialisedInLoops(body('var b: u32 = 1u;'))).toEqual([]);
  expect(uninitialisedInLoops('fn f() {\n  loop {\n    var b: f32;\n  }\n  var c: f32;\n}')).toEqual([3]);
});

test('barriers are counted, taken out one by one, and looked for a comment', () => {
  const text = 'fn main() {\n  // a is written\n  workgroupBarrier();\n  x();\n  storageBarrier(); // b is read\n}\n';
  expect(barriersOf(text)).toBe(2);
  expect(withoutBarrier(text, 1)).toBe(text.replace('storageBarrier();', ''));
  expect(barriersOf(withoutBarrier(text, 0))).toBe(1);
  expect(unexplainedBarriers(text)).toEqual([]);
  expect(unexplainedBarriers(text.replace('// a is', '//'))).toEqual([3]);
  expect(unexplainedBarriers(text.replace('b is read', ''))).toEqual([5]);
});

test('there are kernels', () => {
  expect(kernels.length).toBeGreaterThan(0);
});

for (const { stem, text } of kernels)
  describe(`${stem}.wgsl`, () => {
    const lines = text.split('\n');

    test('begins with a comment that says what it computes and over which grid', () => {
      const header = lines.slice(
        0,
        lines.findIndex((line) => !line.startsWith('//')),
      );
      expect(header.length).toBeGreaterThan(0);
      expect(header.join('\n')).toMatch(/\bGrid: /);
    });

    test('gives every variable inside a loop its value', () => {
      expect(uninitialisedInLoops(text)).toEqual([]);
    });

    test('is named by the rule: op, _backward, then which of several kernels', () => {
      expect(stem).toMatch(/^[a-z][a-z0-9_]*(?:\.[a-z0-9]+)?$/);
      expect(stem).not.toMatch(/_(?:grad|dx|dy|dweight|tree|tile|subgroup)\b/);
      expect(text).not.toMatch(/^const (?:GRAD|OUT|FOLD): /m);
    });

    test('is short enough to read', () => {
      expect(text.endsWith('}\n')).toBe(true);
      expect(lines.length - 1).toBeLessThanOrEqual(LONG.find(([kind]) => kind.test(stem))?.[1] ?? 150);
    });

    test('keeps the order knobs, parameters, bindings, main', () => {
      const knobs = lines.findLastIndex((line) => /^(?:alias \w+ = .+;|const \w+: (?:u32|bool) = .+;)$/.test(line));
      const params = lines.indexOf('struct Params {');
      const first = lines.findIndex((line) => line.startsWith('@group(0) @binding(0) '));
      const main = lines.findIndex((line) => line.startsWith('fn main('));
      expect(params).toBeGreaterThan(knobs);
      expect(first).toBeGreaterThan(params);
      expect(main).toBeGreaterThan(first);
      expect(text).not.toMatch(/^\s*override\b/m);
    });

    test('binds the parameters first and the outputs last, one a line', () => {
      const { slots } = interfaceOf(stem, text);
      expect(slots.length).toBe(text.match(/@binding\(/g)?.length);
      expect(slots.map(({ binding }) => binding)).toEqual(slots.map((_, i) => i));
      expect(slots[0]).toEqual({ name: 'p', binding: 0, kind: 'uniform' });
      const rank = { uniform: 0, read: 1, read_write: 2 };
      const ranks = slots.map(({ kind }) => rank[kind]);
      expect(ranks).toEqual([...ranks].sort());
      expect(ranks.at(-1)).toBe(rank.read_write);
    });

    // No search tells whether one is missing: see test/kernels/barriers.test.ts.
    if (UNINTERPRETED.test(text))
      test('has the barriers that test/house/barriers.ts lists, each with a comment on what it protects', () => {
        expect(barriersOf(text)).toBe(BARRIERS[stem]?.count ?? 0);
        expect(unexplainedBarriers(text)).toEqual([]);
      });

    if (UNPARSED.test(text)) return;

    test('parses and has one entry point, main', () => {
      const { entry } = new WgslReflect(text);
      expect(entry.compute.map(({ name }) => name)).toEqual(['main']);
      expect([...entry.vertex, ...entry.fragment]).toEqual([]);
    });

    test('has the parameter layout the engine writes', () => {
      const members = new WgslReflect(text).structs.find(({ name }) => name === 'Params')?.members ?? [];
      expect(members.map(({ name, type, offset, size }) => ({ name, type: type.name, offset, size }))).toEqual(
        interfaceOf(stem, text).params.map(({ name, type }, i) => ({ name, type, offset: 4 * i, size: 4 })),
      );
    });

    if (UNINTERPRETED.test(text)) return;

    test('has no data race', () => {
      expect(races(stem, text)).toEqual([]);
    });

    for (let n = 0; n < barriersOf(text); n++) {
      test(`would have one without barrier ${n + 1}`, () => {
        expect(races(stem, withoutBarrier(text, n))).not.toEqual([]);
      });
    }
  });
