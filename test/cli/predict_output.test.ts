/** What predict leaves for a picture, and what it says where that cannot be written. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { jsonLine, Outputs, textLine } from '../../src/cli/predict/output.js';
import type { Decision } from '../../src/detect/decision.js';
import type { Detection } from '../../src/detect/detection.js';
import { loadPicture } from '../../src/node/decode.js';
import { endsWriting } from '../../src/node/file_error.js';
import { isOwnPicture } from '../../src/node/own_pictures.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'aaclip-output-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const grey = { width: 4, height: 4, data: new Float32Array(16).fill(0.5) };
const scaled = { ...grey, data: grey.data.map((_, i) => (i < 8 ? 0 : 1)) };
const decision: Decision = {
  ...{ score: 0.75, anomalous: true, source: 'preset', rule: 'made up' },
  map: () => scaled,
};
const found = (name: string): Detection => ({
  ...{ name, index: 0, className: 'nut', domain: 'Industrial', score: 0.5, imageScore: 0.5, ms: 1 },
  ...{ peak: { value: 0.5, x: 0, y: 0 }, map: grey, sum: grey, decision },
  picture: { name, width: 4, height: 4, channels: 3, data: new Uint8Array(48) },
});
const loaded = { name: 'nut', domain: 'Industrial', words: 'nut', unknownWords: [] } as const;
const options = () =>
  ({ folder: join(dir, 'out'), heatmap: true, grey: true, raw: 'npy', range: 'scale', legend: true }) as const;

test('the pictures are readable, and marked as its own', async () => {
  const outputs = new Outputs(['/p/a.png'], options());
  const { files, error } = await outputs.write(found('/p/a.png'));
  expect(error).toBeUndefined();
  expect(files).toEqual(['a.heatmap.png', 'a.map.png', 'a.npy'].map((name) => join(dir, 'out', name)));
  expect((await loadPicture(files[0]!)).width).toBe(4);
  expect(files.map(isOwnPicture)).toEqual([true, true, false]);
});

test('a file that cannot be written is told with the score, and the next picture is written', async () => {
  const pictures = ['/p/a/x.png', '/p/b/x.png'];
  const outputs = new Outputs(pictures, options());
  await outputs.write(found(pictures[1]!));
  writeFileSync(join(dir, 'out', 'a'), 'in the way');
  const failed = await outputs.write(found(pictures[0]!));
  expect(failed.error?.message).toMatch(/out\/a: cannot write: a file of that name is in the way/);
  expect(endsWriting(failed.error)).toBe(false);
  const line = JSON.parse(jsonLine(found(pictures[0]!), failed, loaded, { adapted: true, method: 'aa-clip' }, {}));
  expect(line).toMatchObject({ image: '/p/a/x.png', score: 0.5, files: [], error: failed.error!.message });
  expect((await outputs.write(found(pictures[1]!))).error).toBeUndefined();
  expect(readFileSync(join(dir, 'out', 'a'), 'utf8')).toBe('in the way');
  expect(readdirSync(join(dir, 'out', 'b'))).toHaveLength(3);
});

test('regions that reach --pixel_threshold are listed, in pixels of the picture', () => {
  const detection = found('/p/a.png');
  const flat = jsonLine(detection, { files: [] }, loaded, { adapted: true, method: 'aa-clip' }, { pixel_threshold: 2 });
  expect(JSON.parse(flat)).toMatchObject({ regions: [] });
  const data = Float32Array.of(0, 0.25, 0, 0);
  const map = { width: 2, height: 2, data };
  const line = jsonLine(
    { ...detection, map },
    { files: [] },
    loaded,
    { adapted: true, method: 'aa-clip' },
    {
      pixel_threshold: 0.25,
    },
  );
  expect(JSON.parse(line).regions).toEqual([{ box: [2, 0, 2, 2], area: 4, peak: { value: 0.25, x: 3, y: 1 } }]);
});

test('a full disk ends the writing', () => {
  const full = Object.assign(new Error(), { code: 'ENOSPC' });
  expect(endsWriting(new Error('out: cannot write', { cause: full }))).toBe(true);
  expect(endsWriting(Object.assign(new Error(), { code: 'ENAMETOOLONG' }))).toBe(false);
});

test('the line of a picture stays one line', () => {
  const line = textLine(found('a\nb\u001b[31m.png'), { files: ['out/a\nb.heatmap.png'] }, undefined);
  expect(line).toContain('a\\nb\\x1b[31m.png  -> out/a\\nb.heatmap.png');
});
