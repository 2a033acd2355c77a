/** WGSL has no include: functions that stand in several kernels must stay the same text. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const FOLDER = fileURLToPath(new URL('../../shaders/', import.meta.url));
const files = readdirSync(FOLDER).map((f) => ({ name: f, text: readFileSync(FOLDER + f, 'utf8') }));

/** The text of a function, from its name to the brace that ends it. */
function functionText(text: string, name: string): string | undefined {
  return new RegExp(`^fn ${name}\\([^]*?^}$`, 'm').exec(text)?.[0];
}

it.each([
  ['erf', 3],
  ['activate', 3],
  ['interpolated', 2],
  ['difference', 2],
])('%s is the same in every kernel that has it', (name, least) => {
  const found = files.flatMap(({ text }) => functionText(text, name) ?? []);
  expect(found.length).toBeGreaterThanOrEqual(least);
  expect(new Set(found).size).toBe(1);
});
