import { describe, expect, it } from 'vitest';
import { mapRegions } from '#src/eval/map_regions';

const map = (rows: readonly string[]) => ({
  width: rows[0]!.length,
  height: rows.length,
  data: Float32Array.from(rows.join(''), Number),
});

describe('mapRegions', () => {
  it('lists regions that reach the threshold, the highest peak first, in the pixels of the picture', () => {
    const m = map(['50003', '06000', '00000', '00098']);
    expect(mapRegions(m, 3, 50, 8)).toEqual([
      { box: [30, 6, 20, 2], area: 40, peak: { value: 9, x: 35, y: 7 } },
      { box: [0, 0, 20, 4], area: 40, peak: { value: 6, x: 15, y: 3 } },
      { box: [40, 0, 10, 2], area: 20, peak: { value: 3, x: 45, y: 1 } },
    ]);
  });

  it('has none where no score reaches it', () => {
    expect(mapRegions(map(['22', '22']), 2.5, 4, 4)).toEqual([]);
  });

  it('covers a whole picture, also where it is smaller than the map', () => {
    expect(mapRegions(map(['11', '11']), 1, 1, 1)).toEqual([
      { box: [0, 0, 1, 1], area: 1, peak: { value: 1, x: 0, y: 0 } },
    ]);
    const [small] = mapRegions(map(['0000', '0010', '0000', '0000']), 1, 3, 3);
    expect(small).toEqual({ box: [1, 0, 2, 2], area: 1, peak: { value: 1, x: 1, y: 1 } });
  });
});
