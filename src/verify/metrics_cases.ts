/** Case `metrics`: the figures of a class, from labels, maps and scores with many ties. */
import type { Domain } from '../data/datasets.js';
import { classMetrics } from '../eval/class_metrics.js';
import type { Figures } from '../eval/metrics.js';
import type { CaseContext, Comparison } from './case.js';

const BOUND = 1e-9;

const KEYS = {
  'pixel AUC': 'pixelAuc',
  'pixel AP': 'pixelAp',
  'image AUC': 'imageAuc',
  'image AP': 'imageAp',
} as const satisfies Record<string, keyof Figures>;

interface Expected {
  readonly domain: Domain;
  readonly expected: Readonly<Record<keyof typeof KEYS, number>>;
}

export async function* metricsCase({ folder, file }: CaseContext): AsyncIterable<Comparison> {
  const table = JSON.parse(await folder.text('metrics.json')) as Readonly<Record<string, Expected>>;
  for (const [name, { domain, expected }] of Object.entries(table)) {
    const of = (what: string): Promise<Float32Array> => file.readF32(`${name}.${what}`);
    const masks = (await file.read(`${name}.pixel_label`)).bytes;
    const figures = classMetrics(
      masks,
      await of('image_label'),
      await of('pixel_pred'),
      await of('image_pred'),
      domain,
    );
    const titles = Object.keys(KEYS) as (keyof typeof KEYS)[];
    for (const title of titles) {
      const got = [figures[KEYS[title]] ?? Number.NaN];
      yield { tensor: `${name}: ${title}`, got, want: [expected[title]], bound: BOUND };
    }
  }
}
