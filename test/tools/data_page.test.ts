import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { treeRow, withTable } from '../../tools/data_page/page.js';
import { expand, TREES } from '../../tools/data_page/trees.js';

describe('the page on data', () => {
  test('shows what is made of each folder today (npm run data-page makes it anew)', () => {
    const page = readFileSync(new URL('../../docs/data.md', import.meta.url), 'utf8');
    expect(withTable(page)).toBe(page);
    expect(TREES.length).toBeGreaterThanOrEqual(25);
  });

  test('has a row with the counts of a tree', () => {
    const row = treeRow({
      title: 'T',
      files: ['nut/{good,bent}/{1,2}.png', 'nut/good/red_1.png'],
      flags: { masks: 'red_*' },
    });
    expect(row).toBe(
      '| T<br>`--masks red_*` | `nut/{good,bent}/{1,2}.png`<br>`nut/good/red_1.png` | nut: 2, 2, 0 | 2 abnormal pictures have no mask<br>1 mask belongs to no abnormal picture |',
    );
  });

  test('expands braces as a shell does', () => {
    expect(expand('{a,b}/{1,2}.png')).toEqual(['a/1.png', 'a/2.png', 'b/1.png', 'b/2.png']);
  });

  test('cannot be made without the place for the table', () => {
    expect(() => withTable('no marks')).toThrow(/^docs\/data\.md: no place for the table/);
  });
});
