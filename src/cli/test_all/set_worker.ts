/** A process of its own that tests a share of the data sets on one adapter, for `test-all --gpus`. */
import { handleEndings, lineOf } from '../endings.js';
import type { TestFlags } from '../test_adapters/flags.js';

async function main(): Promise<void> {
  handleEndings();
  const { testShare } = await import('./run_all.js');
  const faults = await testShare(JSON.parse(process.argv[2] ?? '') as TestFlags);
  process.stdout.write(`${JSON.stringify({ faults })}\n`, () => process.exit(0));
}

await main().catch((error: unknown) => {
  process.stderr.write(`${lineOf(error)}\n`, () => process.exit(1));
});
