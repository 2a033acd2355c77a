import { PNG } from 'pngjs';
import { describe, expect, test } from 'vitest';
import { HEAT_COLOURS } from '../../src/eval/colour_map.js';
import { createCanvas, drawText, fillRect, fitText, textWidth } from '../../src/eval/lettering.js';
import { encodeNpy } from '../../src/eval/npy.js';
import { colourScale, sheet } from '../../src/eval/sheet.js';
import { decode } from '../../src/node/decode.js';
import { encodePng } from '../../src/node/encode_png.js';

const tile = (width: number, height: number, value: number, caption?: string) => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(value),
  caption,
});
const pixel = (canvas: { width: number; data: Uint8Array }, x: number, y: number) => [
  ...canvas.data.subarray((y * canvas.width + x) * 3, (y * canvas.width + x) * 3 + 3),
];

describe('lettering', () => {
  test('draws the letter F', () => {
    const canvas = createCanvas(6, 9, [255, 255, 255]);
    drawText(canvas, 'F', [0, 0], [0, 0, 0]);
    const rows = Array.from({ length: 9 }, (_, y) =>
      Array.from({ length: 6 }, (_, x) => (pixel(canvas, x, y)[0] === 0 ? '#' : '.')).join(''),
    );
    expect(rows).toEqual(['#####.', '#.....', '#.....', '####..', '#.....', '#.....', '#.....', '......', '......']);
  });

  test('has a different glyph for every printable character', () => {
    const seen = new Set<string>();
    for (let code = 32; code < 127; code++) {
      const canvas = createCanvas(5, 9, [0, 0, 0]);
      drawText(canvas, String.fromCharCode(code), [0, 0], [1, 1, 1]);
      seen.add(canvas.data.join(''));
    }
    expect(seen.size).toBe(95);
  });

  test('draws one "?" for a character it lacks, and nothing outside the canvas', () => {
    const a = createCanvas(12, 9, [0, 0, 0]);
    const b = createCanvas(12, 9, [0, 0, 0]);
    drawText(a, '😀A', [2, -3], [9, 9, 9], 1);
    drawText(b, '?A', [2, -3], [9, 9, 9], 1);
    expect(a.data).toEqual(b.data);
    fillRect(a, [-5, -5, 100, 100], [1, 1, 1]);
    expect(new Set(a.data)).toEqual(new Set([1]));
  });

  test('measures and shortens', () => {
    expect([textWidth(''), textWidth('a'), textWidth('ab', 2)]).toEqual([0, 5, 22]);
    expect(fitText('short', 100)).toBe('short');
    expect(fitText('a rather long caption', 60)).toBe('a rathe...');
    expect(textWidth(fitText('a rather long caption', 60))).toBeLessThanOrEqual(60);
  });
});

describe('a sheet', () => {
  test('fits tiles into cells and centres them', () => {
    const canvas = sheet([[tile(40, 20, 50), tile(20, 40, 90)]], { cell: 20, gap: 2 });
    expect([canvas.width, canvas.height]).toEqual([2 + 2 * 22, 2 + 22]);
    expect(pixel(canvas, 2, 2)).toEqual([255, 255, 255]); // above the wide tile
    expect(pixel(canvas, 2, 2 + 5)).toEqual([50, 50, 50]);
    expect(pixel(canvas, 24, 10)).toEqual([255, 255, 255]); // left of the tall one
    expect(pixel(canvas, 24 + 5, 2)).toEqual([90, 90, 90]);
  });

  test('writes captions below, within the cell', () => {
    const plain = sheet([[tile(30, 30, 0)]], { cell: 30, gap: 4 });
    const named = sheet([[tile(30, 30, 0, 'a caption too long for it')]], { cell: 30, gap: 4 });
    expect(named.height).toBeGreaterThan(plain.height);
    const ink = (x: number) =>
      Array.from({ length: named.height - 36 }, (_, i) => pixel(named, x, 35 + i)[0]).some((v) => v! < 100);
    expect(Array.from({ length: named.width }, (_, x) => x).filter(ink).length).toBeGreaterThan(5);
    for (const x of [0, 1, 2, 3, 34, 35, 36, 37]) expect(ink(x)).toBe(false);
  });

  test('has a line above the rows that have a heading', () => {
    const rows = [[tile(30, 30, 0)], [tile(30, 30, 0)]];
    const [plain, headed] = [
      sheet(rows, { cell: 30, gap: 4 }),
      sheet(rows, { cell: 30, gap: 4, headings: [undefined, 'b'] }),
    ];
    expect(headed.height).toBeGreaterThan(plain.height + 14);
    expect(pixel(headed, 4, 4)).toEqual([0, 0, 0]);
    expect(pixel(headed, 4, 38)).toEqual([255, 255, 255]);
  });

  test('without pictures is refused', () => {
    expect(() => sheet([])).toThrow(/no tiles/);
    expect(() => sheet([[]])).toThrow(/no tiles/);
  });

  test('has a colour scale from low to high', () => {
    const scale = colourScale(100, '0', '1');
    expect(pixel(scale, 0, 0)).toEqual([...HEAT_COLOURS.subarray(0, 3)]);
    expect(pixel(scale, 99, 0)).toEqual([...HEAT_COLOURS.subarray(765)]);
  });
});

describe('PNG files', () => {
  test('hold RGB and grey pixels unchanged', async () => {
    const rgb = Uint8Array.from({ length: 7 * 5 * 3 }, (_, i) => (i * 37) & 255);
    const file = encodePng(7, 5, rgb);
    expect((await decode('a.png', file)).data).toEqual(rgb);
    expect(PNG.sync.read(Buffer.from(file)).data.filter((_, i) => i % 4 < 3)).toEqual(Buffer.from(rgb));
    const grey = rgb.subarray(0, 35);
    const back = await decode('b.png', encodePng(7, 5, grey));
    expect(back.data.filter((_, i) => i % 3 === 0)).toEqual(grey);
    expect(encodePng(7, 5, rgb)).toEqual(file); // the same every time
  });

  test('of another size are refused', () => {
    expect(() => encodePng(2, 2, new Uint8Array(8))).toThrow(/expected 2x2 pixels of 1 or 3 bytes, got 8 bytes/);
    expect(() => encodePng(0, 0, new Uint8Array(0))).toThrow(/wrong size/);
  });
});

describe('.npy files', () => {
  const text = (bytes: Uint8Array) => new TextDecoder('latin1').decode(bytes);

  test('have the header NumPy writes, and little-endian data on a multiple of 64', () => {
    const file = encodeNpy([2, 3], Float32Array.of(1, 2, 3, -4, 0.5, Number.NaN));
    expect(text(file.subarray(0, 8))).toBe('\x93NUMPY\x01\x00');
    expect(text(file.subarray(10, 128))).toBe(
      `${"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".padEnd(117)}\n`,
    );
    const view = new DataView(file.buffer);
    expect(view.getUint16(8, true)).toBe(118);
    expect(file.length).toBe(128 + 24);
    expect([0, 12, 16].map((i) => view.getFloat32(128 + i, true))).toEqual([1, -4, 0.5]);
  });

  test('write one dimension as a tuple and zero dimensions as a scalar', () => {
    expect(text(encodeNpy([3], new Float32Array(3)))).toContain("'shape': (3,), }");
    expect(text(encodeNpy([], new Float32Array(1)))).toContain("'shape': (), }");
  });

  test('of another size are refused', () => {
    expect(() => encodeNpy([2, 2], new Float32Array(3))).toThrow(/expected 4 values of shape \[2,2\], got 3/);
  });
});
