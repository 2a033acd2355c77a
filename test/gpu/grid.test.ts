import { describe, expect, it } from 'vitest';
import { gridOf } from '../../src/gpu/grid.js';

describe('grids', () => {
  it('fold so that no side passes the limit and nothing is left out', () => {
    for (const count of [0, 1, 65535, 65536, 1_000_001]) {
      const [x, y, z] = gridOf({ workgroups: count }, [64, 1, 1]);
      expect(Math.max(x, y, z)).toBeLessThanOrEqual(65535);
      expect(x * y * z).toBeGreaterThanOrEqual(Math.max(1, count));
      expect(gridOf({ threads: 64 * count }, [64, 1, 1])).toEqual([x, y, z]);
    }
  });

  it('divide invocations by the workgroup size, rounded up', () => {
    expect(gridOf({ threads: 129 }, [64, 1, 1])).toEqual([3, 1, 1]);
    expect(gridOf({ threads: 129 }, [32, 1, 1])).toEqual([5, 1, 1]);
    expect(gridOf({ threads: 129, batch: 7 }, [64, 1, 1])).toEqual([3, 1, 7]);
    expect(gridOf({ threads: [129, 17, 3] }, [16, 16, 1])).toEqual([9, 2, 3]);
    expect(gridOf({ workgroups: [5, 6, 7] }, [16, 16, 1])).toEqual([5, 6, 7]);
  });
});
