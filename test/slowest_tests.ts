/** A reporter that names the slowest tests at the end of a run, so that a slow one is noticed when it is added. */
import type { Reporter, TestCase, TestModule } from 'vitest/node';

const COUNT = 10;

/** The tests of a run that took longest, slowest first, one line each. */
export function slowestTests(
  tests: readonly { readonly name: string; readonly ms: number }[],
  count = COUNT,
): string[] {
  const slowest = [...tests].sort((a, b) => b.ms - a.ms).slice(0, count);
  return slowest.map(({ name, ms }) => `${(ms / 1000).toFixed(1).padStart(6)} s  ${name}`);
}

const timed = (test: TestCase) => ({
  name: `${test.module.relativeModuleId} > ${test.fullName}`,
  ms: test.diagnostic()?.duration ?? 0,
});

export default class SlowestTests implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines = slowestTests(modules.flatMap((m) => [...m.children.allTests()].map(timed)));
    if (lines.length > 1) process.stdout.write(`\nThe slowest ${lines.length} tests:\n${lines.join('\n')}\n`);
  }
}
