/** What predict leaves for a picture, and what it says where that cannot be written. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { drawnFiles, recordOf } from '../../src/cli/predict/drawn.js';
import { jsonLine, type OutputOptions, Outputs, textLine, type Written } from '../../src/cli/predict/output.js';
import type { Decision } from '../../src/detect/decision.js';
import type { Detection } from '../../src/detect/detection.js';
import { HEAT_COLOURS } from '../../src/eval/colour_map.js';
import { loadPicture } from '../../src/node/decode.js';
import { endsWriting } from '../../src/node/file_error.js';
import { openTensors } from '../../src/node/open_weights.js';
import { isOwnPicture } from '../../src/node/own_pictures.js';
import type { Picture } from '../../src/picture/picture.js';

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
  evidence: { score: 1.5, threshold: 1, map: () => ({ ...grey, data: grey.data.map((_, i) => i) }) },
};
const found = (name: string): Detection => ({
  ...{ name, index: 0, className: 'nut', domain: 'Industrial', score: 0.5, imageScore: 0.5, ms: 1 },
  ...{ peak: { value: 0.5, x: 0, y: 0 }, map: grey, sum: grey, decision },
  picture: { name, width: 4, height: 4, channels: 3, data: new Uint8Array(48) },
});
const loaded = { name: 'nut', domain: 'Industrial', words: 'nut', unknownWords: [] } as const;
const options = () =>
  ({ folder: join(dir, 'out'), heatmap: true, grey: true, raw: 'npy', range: 'scale', legend: true }) as const;

const record = (d: Detection, flags: { readonly threshold?: number; readonly pixel_threshold?: number } = {}) =>
  recordOf(d, loaded, { adapted: true, method: 'aa-clip' }, { json: true, ...flags });
const writer = (pictures: readonly string[], more: OutputOptions) => {
  const outputs = new Outputs(pictures, more);
  return (d: Detection): Promise<Written> => outputs.write(d.picture.name, drawnFiles(d, more));
};

test('the evidence of a calibration is written beside the raw map, and nowhere else', async () => {
  const calibrated = { ...found('/p/a.png'), decision: { ...decision, source: 'calibration' as const } };
  const evidence = Array.from({ length: 16 }, (_, i) => i);
  const npy = writer(['/p/a.png'], { ...options(), heatmap: false, grey: false, calibrated: true });
  const { files } = await npy(calibrated);
  expect(files.map((file) => basename(file))).toEqual(['a.mask.png', 'a.npy', 'a.evidence.npy']);
  // The header of .npy ends at a multiple of 64 bytes.
  const bytes = readFileSync(files[2]!).subarray(-64);
  expect([...new Float32Array(new Uint8Array(bytes).buffer)]).toEqual(evidence);
  const tensors = writer(['/p/b.png'], { ...options(), heatmap: false, grey: false, raw: 'safetensors' });
  const [, file] = (await tensors({ ...calibrated, ...found('/p/b.png'), decision: calibrated.decision })).files;
  const opened = await openTensors(file!);
  expect([...(await opened.readF32('evidence'))]).toEqual(evidence);
  expect([...(await opened.readF32('map'))]).toEqual([...grey.data]);
  const [plain] = (await tensors(found('/p/b.png'))).files;
  expect([...(await openTensors(plain!)).tensors.keys()]).toEqual(['map']);
});

test('the pictures are readable, and marked as its own', async () => {
  const write = writer(['/p/a.png'], options());
  const { files, error } = await write(found('/p/a.png'));
  expect(error).toBeUndefined();
  expect(files).toEqual(['a.heatmap.png', 'a.map.png', 'a.npy'].map((name) => join(dir, 'out', name)));
  expect((await loadPicture(files[0]!)).width).toBe(4);
  expect(files.map(isOwnPicture)).toEqual([true, true, false]);
});

test('colours and greys show the scale of the decision, and a legend below says so', async () => {
  const [width, height] = [120, 4];
  const wide = {
    ...found('/p/a.png'),
    picture: { ...found('/p/a.png').picture, width, height, data: new Uint8Array(1440) },
  };
  const write = async (more: Partial<OutputOptions> = {}) => {
    const { files } = await writer(['/p/a.png'], { ...options(), ...more })(wide);
    return Promise.all(files.slice(0, 2).map((file) => loadPicture(file)));
  };
  const first = ({ data }: Picture, row: number) => [...data.subarray(3 * width * row, 3 * width * row + 3)];
  const half = (step: number) => [0, 1, 2].map((c) => Math.round(HEAT_COLOURS[3 * step + c]! / 2));
  // The map is 0.5 everywhere; its upper half has 0 on the scale, the lower 1.
  const [heat, grey] = await write();
  expect([heat!.width, heat!.height]).toEqual([width, height + 17]);
  expect([first(heat!, 0), first(heat!, 3)]).toEqual([half(0), half(255)]);
  expect([first(grey!, 0)[0], first(grey!, 3)[0], grey!.height]).toEqual([0, 255, 4]);
  const [bare, shares] = await write({ range: 'share', legend: false });
  expect([bare!.width, bare!.height]).toEqual([width, height]);
  expect([first(bare!, 0), first(bare!, 3)]).toEqual([half(128), half(128)]);
  expect(first(shares!, 0)[0]).toBe(128);
});

test('a verdict is that of the decision, or of --threshold on the published score', () => {
  const json = (flags: { readonly threshold?: number } = {}) =>
    JSON.parse(jsonLine(record(found('a'), flags), { files: [] }));
  const decided_by = { source: 'preset', rule: 'made up' };
  expect(json()).toMatchObject({ score: 0.5, normalized_score: 0.75, anomalous: true, decided_by });
  expect(json({ threshold: 0.6 })).toMatchObject({ anomalous: false, threshold: 0.6, decided_by: { source: 'flag' } });
  expect(textLine(record(found('a')), { files: [] })).toBe('0.75  ANOMALOUS  score 0.5000  peak 0.5000 at 0,0  a');
  expect(textLine(record(found('a'), { threshold: 0.6 }), { files: [] })).toMatch(/^0\.75 {2}normal /);
});

test('a file that cannot be written is told with the score, and the next picture is written', async () => {
  const pictures = ['/p/a/x.png', '/p/b/x.png'];
  const write = writer(pictures, options());
  await write(found(pictures[1]!));
  writeFileSync(join(dir, 'out', 'a'), 'in the way');
  const failed = await write(found(pictures[0]!));
  expect(failed.error?.message).toMatch(/out\/a: cannot write: a file of that name is in the way/);
  expect(endsWriting(failed.error)).toBe(false);
  const line = JSON.parse(jsonLine(record(found(pictures[0]!)), failed));
  expect(line).toMatchObject({ image: '/p/a/x.png', score: 0.5, files: [], error: failed.error!.message });
  expect((await write(found(pictures[1]!))).error).toBeUndefined();
  expect(readFileSync(join(dir, 'out', 'a'), 'utf8')).toBe('in the way');
  expect(readdirSync(join(dir, 'out', 'b'))).toHaveLength(3);
});

test('regions that reach --pixel_threshold are listed, in pixels of the picture', () => {
  const detection = found('/p/a.png');
  const flat = jsonLine(record(detection, { pixel_threshold: 2 }), { files: [] });
  expect(JSON.parse(flat)).toMatchObject({ regions: [] });
  const data = Float32Array.of(0, 0.25, 0, 0);
  const map = { width: 2, height: 2, data };
  const line = jsonLine(record({ ...detection, map }, { pixel_threshold: 0.25 }), { files: [] });
  expect(JSON.parse(line).regions).toEqual([{ box: [2, 0, 2, 2], area: 4, peak: { value: 0.25, x: 3, y: 1 } }]);
});

test('a full disk ends the writing', () => {
  const full = Object.assign(new Error(), { code: 'ENOSPC' });
  expect(endsWriting(new Error('out: cannot write', { cause: full }))).toBe(true);
  expect(endsWriting(Object.assign(new Error(), { code: 'ENAMETOOLONG' }))).toBe(false);
});

test('the line of a picture stays one line', () => {
  const line = textLine(record(found('a\nb\u001b[31m.png')), { files: ['out/a\nb.heatmap.png'] });
  expect(line).toContain('a\\nb\\x1b[31m.png  -> out/a\\nb.heatmap.png');
});
