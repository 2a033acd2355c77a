import { describe, expect, it } from 'vitest';
import { parseList } from '../../tools/setup/apt.js';
import { quoted } from '../../tools/setup/launcher.js';
import { matrixFolder, matrixNode, matrixSource } from '../../tools/setup/matrix_driver.js';
import { filesFor, kernelReport, secondReport } from '../../tools/tests/adapters.js';

describe('the matrix driver', () => {
  it('comes from the mirror of the machine, for whatever release that has', () => {
    const sources = parseList('deb [signed-by=/usr/share/keys.gpg] http://mirror.example/debian bookworm main\n');
    expect(matrixSource(sources, 'bookworm')).toBe(`Types: deb
URIs: http://mirror.example/debian
Suites: trixie trixie-backports
Components: main
Signed-By: /usr/share/keys.gpg
`);
  });

  it('is refused in one line where no source is a mirror of Debian', () => {
    const sources = parseList('deb http://mirror.example/other noble universe\n');
    expect(() => matrixSource(sources, 'noble')).toThrow(
      /^matrix driver: its packages are Debian's, and no source .*$/,
    );
    expect(() => matrixSource([], undefined)).toThrow(/install Mesa 26.1 or newer/);
  });

  it('lies in the user cache, or where the environment says', () => {
    expect(matrixFolder({ XDG_CACHE_HOME: '/cache' })).toBe('/cache/aaclip/matrix-driver');
    expect(matrixFolder({ XDG_CACHE_HOME: '/cache', AACLIP_MATRIX_DRIVER: '/here' })).toBe('/here');
    expect(matrixNode('/no/such/folder')).toBeUndefined();
  });

  it('is started through words that a shell leaves as they are', () => {
    expect(quoted("/it's here/$x")).toBe("'/it'\\''s here/$x'");
  });
});

describe('the second run of the tests', () => {
  const dispatched = [
    { row: 'matmul/panel', file: 'test/ops/linear.test.ts' },
    { row: 'matmul/tile', file: 'test/ops/linear.test.ts' },
    { row: 'matmul/panel', file: 'test/train/learns.test.ts' },
    { row: 'layer_norm/tree', file: 'test/ops/layer_norm.test.ts' },
  ];

  it('takes the tests of kernels whose op has more of them there', () => {
    expect(filesFor(['matmul/matrix'], dispatched)).toEqual(['test/ops/linear.test.ts']);
    expect(filesFor(['attention/matrix'], dispatched)).toEqual([]);
  });

  it('writes reports beside those of the first', () => {
    expect(secondReport('--outputFile.json=out/tests.json')).toBe('--outputFile.json=out/tests.matrix.json');
    expect(secondReport('--outputFile=a.b/tests')).toBe('--outputFile=a.b/tests.matrix');
    expect(secondReport('--reporter=json')).toBe('--reporter=json');
  });
});

describe('the closing lines', () => {
  const all = ['matmul/panel', 'matmul/matrix', 'matmul/tile', 'softmax/tree'];
  const own = { name: 'plain', matrixUnits: false, rows: ['matmul/panel', 'matmul/tile', 'softmax/tree'] };
  const other = { name: 'units', matrixUnits: true, rows: all };

  it('say which kernels were run, and where', () => {
    const runs = [
      { adapter: own, ran: ['matmul/tile', 'matmul/panel'] },
      { adapter: other, ran: ['matmul/matrix', 'matmul/panel'] },
    ];
    expect(kernelReport(all, runs, 'lost')).toEqual([
      'Kernels run on plain:',
      '  matmul: panel, tile',
      'Kernels run on units:',
      '  matmul: matrix',
    ]);
  });

  it('say which were not, and why', () => {
    expect(kernelReport(all, [{ adapter: own, ran: ['matmul/tile'] }], 'no units here')).toEqual([
      'Kernels run on plain:',
      '  matmul: tile',
      'Kernels that these tests did not use:',
      '  matmul: panel',
      'Kernels not run: no units here:',
      '  matmul: matrix',
    ]);
  });

  it('are missing where no kernel was run', () => {
    expect(kernelReport(all, [{ adapter: own, ran: [] }], 'no units here')).toEqual([]);
  });
});
