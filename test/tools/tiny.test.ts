/** The embedded model: it is small, knows the words it should, and finds defects on classes its adapters never saw. */
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { REGISTRY } from '../../src/data/datasets.js';
import { encodeClasses, promptedClass } from '../../src/detect/class_tokens.js';
import { openGpu } from '../../src/node/device.js';
import { openTokenizer } from '../../src/node/open_tokenizer.js';
import { openClip } from '../../src/node/open_weights.js';
import { CLASSES } from '../../tools/pictures/index.js';
import { halves } from '../../tools/tiny/halves.js';
import { type Rows, rowsOf } from '../../tools/tiny/rows.js';

const FOLDER = fileURLToPath(new URL('../../weights/tiny', import.meta.url));
const FILES = ['clip', 'text_adapter', 'image_adapter'].map((name) => `${FOLDER}/${name}.safetensors`);
const recorded = JSON.parse(readFileSync(`${FOLDER}/figures.json`, 'utf8')) as { classes: string[]; rows: Rows };

describe('the embedded model', () => {
  test('takes at most 12 MB with its adapters', () => {
    expect(FILES.reduce((sum, file) => sum + statSync(file).size, 0)).toBeLessThanOrEqual(12e6);
  });

  test('knows "object" and the words of nearly all known classes; a class it lacks words for uses "object"', async () => {
    const clip = await openClip(FILES[0]!);
    const tokenizer = await openTokenizer();
    const inputs = Object.entries(REGISTRY.datasets).flatMap(([dataset, { classes }]) =>
      [...Object.keys(classes), 'object'].map((name) =>
        promptedClass(name, REGISTRY, { key: `${dataset}/${name}`, dataset }),
      ),
    );
    const { classes } = await encodeClasses(tokenizer, clip, inputs, '');
    const lacking = classes.filter((c) => c.unknownWords.length > 0);
    expect(lacking.filter((c) => c.className === 'object' || c.realName !== 'object')).toEqual([]);
    expect(classes.length - lacking.length).toBeGreaterThan(45);
  });

  test('has a page that gives the recorded figures', () => {
    const page = readFileSync(`${FOLDER}/README.md`, 'utf8');
    const table = page.split('\n').filter((line) => /^\|.*\d\.\d \|$/.test(line));
    const figures = table.map((line) => line.split('|').slice(2, 6).map(Number));
    expect(figures).toEqual(
      (['adapted', 'plain', 'distance'] as const).map((name) => {
        const { pixelAuc, pixelAp, imageAuc, imageAp } = recorded.rows[name];
        return [pixelAuc, pixelAp, imageAuc, imageAp].map((v) => Number(v!.toFixed(1)));
      }),
    );
  });

  test('is tested on classes its adapters were not trained on', () => {
    const { adaptation, heldOut } = halves(CLASSES);
    expect([...adaptation, ...heldOut].sort()).toEqual(CLASSES.map((c) => c.name).sort());
    expect(adaptation.filter((name) => heldOut.includes(name))).toEqual([]);
    expect(recorded.classes).toEqual(heldOut);
  });

  test('reaches its recorded figures on them, well above plain CLIP and the distance to the mean', async () => {
    const gpu = await openGpu();
    try {
      const rows = await rowsOf(gpu, FOLDER);
      for (const name of ['adapted', 'plain', 'distance'] as const) {
        for (const key of ['pixelAuc', 'pixelAp', 'imageAuc', 'imageAp'] as const) {
          // Ranks may swap where another driver rounds differently; the figures are per cent.
          expect(Math.abs(rows[name][key]! - recorded.rows[name][key]!), `${name} ${key}`).toBeLessThan(0.3);
        }
      }
      expect(rows.adapted.pixelAuc!).toBeGreaterThanOrEqual(90);
      for (const other of [rows.plain, rows.distance]) {
        expect(rows.adapted.pixelAuc! - other.pixelAuc!).toBeGreaterThan(3);
        expect(rows.adapted.pixelAp! - other.pixelAp!).toBeGreaterThan(7);
        expect(rows.adapted.imageAuc!).toBeGreaterThan(other.imageAuc!);
      }
    } finally {
      gpu[Symbol.dispose]();
    }
  }, 900_000);
});
