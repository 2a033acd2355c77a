/** A page as a browser reads it, without running its script. */
import { readFileSync } from 'node:fs';
import { parseHTML } from 'linkedom';
import { expect } from 'vitest';
import { writePage } from '../../src/cli/report/write_page.js';

/** Writes the page of folders to a file, and parses it. */
export async function openPage(folders: readonly string[], file: string, epoch?: number) {
  await writePage(folders, file, epoch);
  const text = readFileSync(file, 'utf8');
  const { document } = parseHTML(text);
  const all = (selector: string) => [...document.querySelectorAll(selector)];
  const texts = (selector: string): string[] => all(selector).map((e) => e.textContent.trim());
  return { text, document, all, texts };
}
export type Opened = Awaited<ReturnType<typeof openPage>>;

/** The cells of a table's rows. */
export const rowsOf = ({ document }: Opened, caption: string): string[][] => {
  const table = [...document.querySelectorAll('table')].find((t) =>
    t.querySelector('caption')?.textContent.startsWith(caption),
  );
  return [...(table?.querySelectorAll('tr') ?? [])].map((r) => [...r.children].map((c) => c.textContent.trim()));
};

/** What every page must have. */
export function expectSound({ text, document, all }: Opened): void {
  expect(document.documentElement.getAttribute('lang')).toBe('en');
  expect(document.querySelector('meta[name=viewport]')).not.toBeNull();
  expect(document.title.startsWith(document.querySelector('h1')!.textContent)).toBe(true);
  const levels = all('h1,h2,h3,h4,h5').map((h) => Number(h.tagName.slice(1)));
  expect(levels[0]).toBe(1);
  for (const [i, level] of levels.slice(1).entries()) expect(level).toBeLessThanOrEqual(levels[i]! + 1);
  for (const table of all('table')) {
    expect(table.querySelector('caption')!.textContent).not.toBe('');
    for (const th of table.querySelectorAll('th')) expect(th.getAttribute('scope')).toMatch(/^(?:col|row|rowgroup)$/);
  }
  for (const svg of all('figure svg')) {
    expect(svg.getAttribute('role')).toBe('img');
    expect(svg.getAttribute('aria-label')).not.toBe('');
  }
  for (const img of all('img')) {
    expect(img.getAttribute('alt')).not.toBe('');
    expect(img.getAttribute('src')).toMatch(/^data:image\/jpeg;base64,/);
  }
  // Nothing comes from elsewhere: all addresses are places on the page or data inside it.
  for (const e of all('[src],[href]')) expect(e.getAttribute('src') ?? e.getAttribute('href')).toMatch(/^(?:#|data:)/);
  for (const { id } of all('[href]').map((a) => ({ id: a.getAttribute('href')! })))
    expect(document.querySelector(id), id).not.toBeNull();
  expect(text).not.toMatch(/@import|url\(\s*['"]?(?!#)/);
  expect(text).not.toMatch(/\bNaN\b(?!\()|undefined|\[object/);
}
