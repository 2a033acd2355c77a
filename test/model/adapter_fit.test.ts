import { describe, expect, test } from 'vitest';
import type { AdapterTensors } from '../../src/io/adapter_names.js';
import { checkAdapterFit } from '../../src/model/adapter_fit.js';
import { syntheticAdapters, TINY } from '../../src/model/synthetic.js';

const adapters = syntheticAdapters(TINY, 1);
const withShape = (name: string, shape: readonly number[]): AdapterTensors => ({
  ...adapters,
  name: 'a.pth',
  shape: (n) => (n === name ? shape : adapters.shape(n)),
});
const { visionWidth: w, textWidth: t, embed: e } = TINY;

describe('checkAdapterFit', () => {
  test('takes adapters of the same CLIP', () => {
    for (const part of ['text', 'image'] as const) checkAdapterFit(adapters, part, TINY);
  });

  test.each([
    ['text', 'text_adapter.0.fc.0.weight', [t, t + 1], `[${t}, ${t}]`],
    ['text', adapters.names.filter((n) => n.startsWith('text_')).at(-1)!, [t * e], `[${e}, ${t}]`],
    ['image', 'image_adapter.layer_adapters.1.fc.0.weight', [], `[${w}, ${w}]`],
    ['image', 'image_adapter.seg_proj.0.fc.weight', [e, 2 * w], `[${e}, ${w}]`],
    ['image', 'image_adapter.det_proj.fc.weight', [w, e, 1], `[${e}, ${w}]`],
  ] as const)('names the tensor of the %s adapter that has another shape: %s', (part, name, shape, expected) => {
    const message = `a.pth: adapters of another CLIP: expected ${name} ${expected} as these weights need, got [${shape.join(', ')}]: give`;
    expect(() => checkAdapterFit(withShape(name, shape), part, TINY)).toThrow(message);
  });

  test('counts levels and blocks', () => {
    const three = { ...TINY, levels: [1, 2, 3] };
    expect(() => checkAdapterFit(adapters, 'image', three)).toThrow(/expected 3 seg_proj, got 4: give/);
    expect(() => checkAdapterFit(adapters, 'image', { ...TINY, visionLayers: 1 })).not.toThrow();
    expect(() => checkAdapterFit(adapters, 'text', { ...TINY, textLayers: 0 })).not.toThrow();
  });
});
