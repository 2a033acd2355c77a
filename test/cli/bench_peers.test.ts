import { describe, expect, it } from 'vitest';
import { benchPeers, type PeerRow, peerLine } from '../../src/cli/bench/peer_bench.js';

describe('bench peers', () => {
  it('checks every op of a library against float64, times it, and says in a row what is missing', async () => {
    const told: PeerRow[] = [];
    const peers = ['aaclip', 'no_such_library'];
    const rows = await benchPeers({ samples: 1, rounds: 2, quick: true, peers }, (row) => told.push(row));
    // The last round knows the times of all of them.
    expect(told.length).toBe(2 * rows.length);
    expect(told.slice(rows.length)).toEqual(rows);
    expect(rows.map(({ peer, op }) => `${peer}: ${op}`)).toEqual([
      ...['matmul', 'matmul wide', 'attention', 'layernorm', 'block', 'block, weights in f16'].map(
        (o) => `aaclip: ${o}`,
      ),
      'no-such-library: undefined',
    ]);
    for (const row of rows.slice(0, -1)) {
      expect(row.failed).toBeUndefined();
      expect(row.least).toBeGreaterThan(0);
      // The median of two times is the larger one: no two calls take the same time.
      expect(row.ms).toBeGreaterThan(row.least!);
      expect(row.error).toBeLessThan(1e-5);
      // Exactly right would mean that nothing was compared.
      expect(row.error).toBeGreaterThan(0);
    }
    expect(rows.at(-1)!.failed).toBe('not installed: npm install --prefix bench/peers');
  }, 120_000);

  it('prints times beside ours, and the reason where there is no time', () => {
    const times = { ms: 30, least: 28, times: 6, timesOfLeast: 6.5 };
    const row = { peer: 'tfjs 4.22.0', op: 'block', size: '50x64', gflops: 2, error: 1.3e-5, ...times };
    expect(peerLine(row).replace(/ +/g, ' ')).toBe(
      "tfjs 4.22.0 block 50x64 30.0 ms, least 28.0 2.0 GFLOP/s error 1e-5 6.00 times aaclip's time, 6.50 by the least",
    );
    const wrong = { peer: 'tfjs 4.22.0', op: 'block', size: '50x64', failed: 'wrong by 0.035, so not timed' };
    expect(peerLine(wrong).replace(/ +/g, ' ')).toBe('tfjs 4.22.0 block 50x64 wrong by 0.035, so not timed');
  });
});
