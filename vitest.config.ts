import { configDefaults, defineConfig } from 'vitest/config';

// Set by `npm test`: the files of its second run, and whether the adapter has matrix units.
const { AACLIP_TEST_FILES, AACLIP_MATRIX_UNITS, AACLIP_FIREFOX } = process.env;

/** Tests that need more than most machines have. */
const elsewhere = [
  ...(AACLIP_MATRIX_UNITS ? [] : ['test/matrix/**']),
  // `npm run setup -- --firefox` installs one; CI sets AACLIP_FIREFOX.
  ...(AACLIP_FIREFOX ? [] : ['test/firefox/**']),
];

export default defineConfig({
  // The tools import the program as `#src/...`: here its sources, when compiled its build.
  ssr: { resolve: { conditions: ['aaclip-source', 'node', 'development|production'] } },
  test: {
    include: AACLIP_TEST_FILES?.split(',') ?? ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...elsewhere],
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
