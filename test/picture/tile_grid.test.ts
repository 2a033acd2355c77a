/** Where tiles lie, and that their weights blend maps without a gap. */
import { describe, expect, test } from 'vitest';
import { Draws } from '../../src/data/random.js';
import { cutTile, mapSides, type Tiling, tileCount, tileGrid } from '../../src/picture/tile_grid.js';

const spans = (length: number, tiling: Tiling, side: number) =>
  tileGrid({ width: length, height: 1 }, tiling, side).columns;

describe('the tiles along a side', () => {
  test.each([
    // Of MVTec AD 2: 2448 x 2048 pixels.
    [2448, { size: 518, overlap: 129 }, [0, 389, 778, 1167, 1556, 1930]],
    [2048, { size: 518, overlap: 129 }, [0, 389, 778, 1167, 1530]],
    // The step fits: no tile is shifted.
    [100, { size: 40, overlap: 10 }, [0, 30, 60]],
    [101, { size: 40, overlap: 10 }, [0, 30, 60, 61]],
    [80, { size: 40, overlap: 0 }, [0, 40]],
    [41, { size: 40, overlap: 39 }, [0, 1]],
    [40, { size: 40, overlap: 10 }, [0]],
    [7, { size: 40, overlap: 10 }, [0]],
  ])('of %i pixels, by %o', (length, tiling, starts) => {
    const found = spans(length, tiling, 56);
    expect(found.map(({ start }) => start)).toEqual(starts);
    expect(tileCount({ width: length, height: length }, tiling)).toBe(starts.length ** 2);
    for (const { length: own } of found) expect(own).toBe(Math.min(length, tiling.size));
  });

  test('have weights that add up to 1 everywhere, and are exactly 1 where no other tile is', () => {
    const draws = new Draws({ seed: 5, stream: 'tiles' });
    for (let trial = 0; trial < 100; trial++) {
      const size = 14 + draws.below(90);
      const tiling = { size, overlap: draws.below(size) };
      const length = size + draws.below(6 * size);
      const side = [56, 64, 98][draws.below(3)]!;
      const found = spans(length, tiling, side);
      const map = mapSides({ width: length, height: 1 }, side, size).width;
      expect(found.at(-1)!.start + size).toBe(length);
      expect(found.at(-1)!.mapStart + side).toBe(map);
      const [sum, count] = [new Float64Array(map), new Uint32Array(map)];
      for (const { mapStart, weights } of found) {
        weights.forEach((w, p) => {
          sum[mapStart + p]! += w;
          count[mapStart + p]!++;
        });
      }
      const alone = found.flatMap(({ mapStart, weights }) => [...weights].filter((_, p) => count[mapStart + p] === 1));
      expect(new Set(alone)).toEqual(new Set(alone.length > 0 ? [1] : []));
      expect(Math.min(...found.flatMap(({ weights }) => [...weights]))).toBeGreaterThan(0);
      expect(Math.min(...count)).toBeGreaterThan(0);
      expect(Math.max(...sum.map((s) => Math.abs(s - 1)))).toBeLessThan(1e-6);
    }
  });

  test('fall in a straight line over what two of them share: they agree in the middle', () => {
    const [left, right] = spans(70, { size: 40, overlap: 10 }, 40);
    expect([...left!.weights.slice(29)]).toEqual(
      [1, 0.95, 0.85, 0.75, 0.65, 0.55, 0.45, 0.35, 0.25, 0.15, 0.05].map(Math.fround),
    );
    expect([...right!.weights.slice(0, 11)]).toEqual([...left!.weights.slice(29)].reverse());
  });
});

test('a map has the pixels of the picture at the scale of a tile; a short side is one tile', () => {
  expect(mapSides({ width: 4224, height: 1056 }, 518, 518)).toEqual({ width: 4224, height: 1056 });
  expect(mapSides({ width: 4224, height: 1056 }, 518, 1036)).toEqual({ width: 2112, height: 528 });
  expect(mapSides({ width: 4224, height: 1056 }, 518, 1056)).toEqual({ width: 2072, height: 518 });
  expect(mapSides({ width: 4224, height: 300 }, 518, 518)).toEqual({ width: 4224, height: 518 });
  expect(mapSides({ width: 300, height: 200 }, 518, 518)).toEqual({ width: 518, height: 518 });
  expect(mapSides({ width: 4224, height: 1056 }, 518, undefined)).toEqual({ width: 518, height: 518 });
  const { map } = tileGrid({ width: 1000, height: 1001 }, { size: 300, overlap: 77 }, 518);
  expect(map).toEqual(mapSides({ width: 1000, height: 1001 }, 518, 300));
});

test('a tile holds its own pixels; the only one of a picture is the picture', () => {
  const picture = {
    name: 'p',
    width: 50,
    height: 33,
    data: Uint8Array.from({ length: 3 * 50 * 33 }, (_, i) => i % 251),
  };
  const { columns, rows } = tileGrid(picture, { size: 20, overlap: 5 }, 56);
  const [column, row] = [columns.at(-1)!, rows.at(-1)!];
  expect([column.start, row.start]).toEqual([30, 13]);
  const tile = cutTile(picture, { column, row });
  expect([tile.name, tile.width, tile.height]).toEqual(['p', 20, 20]);
  const data = tile.data as Uint8Array;
  for (const [x, y] of [
    [0, 0],
    [19, 0],
    [7, 11],
    [19, 19],
  ] as const) {
    const from = 3 * ((y + 13) * 50 + x + 30);
    expect(data.slice(3 * (20 * y + x), 3 * (20 * y + x) + 3)).toEqual(picture.data.slice(from, from + 3));
  }
  const whole = tileGrid(picture, { size: 50, overlap: 5 }, 56);
  expect(cutTile(picture, { column: whole.columns[0]!, row: whole.rows[0]! })).toBe(picture);
});
