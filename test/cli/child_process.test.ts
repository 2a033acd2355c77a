import { expect, it } from 'vitest';
import { failureOf, runChild } from '../../src/cli/child_process.js';
import { verdictOf } from '../../src/cli/precision_choice.js';

const node = (script: string, seconds = 30) => runChild(process.execPath, ['-e', script], seconds);

it('a child gives back what it printed and how it ended', async () => {
  const fine = await node('process.stdout.write("a".repeat(70000) + "é"); process.stderr.write("b")');
  expect([fine.code, fine.stdout.length, fine.stdout.at(-1), fine.stderr]).toEqual([0, 70001, 'é', 'b']);
  expect(failureOf(fine)).toBeUndefined();
  const bad = await node('console.error("note: x"); console.error("aaclip: no such thing"); process.exitCode = 3');
  expect(failureOf(bad)).toBe('exit code 3: aaclip: no such thing');
});

it('a child that crashes, hangs or does not exist is a line, not an error', async () => {
  expect(failureOf(await node('process.kill(process.pid, "SIGSEGV"); setInterval(() => {}, 1000)'))).toMatch(
    /^ended by SIGSEGV/,
  );
  const hung = await node('for (;;);', 0.5);
  expect(hung.late).toBe(true);
  expect(failureOf(hung)).toMatch(/^still running after \d+ s: stopped$/);
  expect(failureOf(await runChild('no-such-program', [], 5))).toMatch(/^exit code none: .*ENOENT/);
});

it('what a hung child started ends with it', async () => {
  const started = performance.now();
  // The grandchild holds the pipe: without its end, the result would wait for it.
  const script =
    'require("node:child_process").spawn(process.execPath, ["-e", "setTimeout(() => {}, 20000)"], { stdio: "inherit" }); for (;;);';
  expect((await node(script, 1)).late).toBe(true);
  expect(performance.now() - started).toBeLessThan(15_000);
});

it('a child gives its lines as they come, and ends with the process that started it', async () => {
  const lines: string[] = [];
  const script = 'console.log("one"); process.stdout.write("two\\nthr"); setTimeout(() => console.log("ee"), 50)';
  await runChild(process.execPath, ['-e', script], 30, { onLine: (line) => lines.push(line) });
  expect(lines).toEqual(['one', 'two', 'three']);

  const built = (name: string): string => JSON.stringify(new URL(`../../dist/cli/${name}.js`, import.meta.url).href);
  const parent = [
    `import { handleEndings } from ${built('endings')}; import { runChild } from ${built('child_process')};`,
    'handleEndings(); const child = "console.log(process.pid); setInterval(() => {}, 1000)";',
    'runChild(process.execPath, ["-e", child], 60, { onLine: (pid) => { console.log(pid); process.kill(process.pid, "SIGTERM"); } });',
  ].join('\n');
  const ended = await runChild(process.execPath, ['--input-type=module', '-e', parent], 60);
  expect(ended.signal).toBe('SIGTERM');
  const pid = Number(ended.stdout);
  expect(pid).toBeGreaterThan(0);
  await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false);
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

it('f16 is chosen only after a trial that ran to its end and was near enough', () => {
  expect(verdictOf(undefined, { error: 1e-3 })).toEqual({ precision: 'f16' });
  expect(verdictOf(undefined, { error: 3e-3 })).toEqual({
    precision: 'f32',
    why: 'f16 is off by 3.0e-3 here, more than 0.002',
  });
  expect(verdictOf(undefined, { error: Number.NaN }).precision).toBe('f32');
  expect(verdictOf('ended by SIGABRT', undefined)).toEqual({
    precision: 'f32',
    why: 'the trial of f16 failed: ended by SIGABRT',
  });
});
