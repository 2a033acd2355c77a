import { configDefaults, defineConfig } from 'vitest/config';

// Set by `npm test`: the files of its second run, and whether the adapter has matrix units.
const { AACLIP_TEST_FILES, AACLIP_MATRIX_UNITS } = process.env;

export default defineConfig({
  // The tools import the program as `#src/...`: here its sources, when compiled its build.
  ssr: { resolve: { conditions: ['aaclip-source', 'module', 'node', 'development|production'] } },
  test: {
    include: AACLIP_TEST_FILES?.split(',') ?? ['test/**/*.test.ts'],
    exclude: AACLIP_MATRIX_UNITS ? configDefaults.exclude : [...configDefaults.exclude, 'test/matrix/**'],
    globalSetup: ['test/setup.ts'],
    reporters: ['default', './test/slowest_tests.ts'],
    // Kernels use every core, and a second device beside the first helps nobody: one process runs file after file and
    // keeps its modules, so all files share one device.
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // The binding keeps a process alive as long as a device is open; vitest ends its worker itself.
    teardownTimeout: 5_000,
  },
});
