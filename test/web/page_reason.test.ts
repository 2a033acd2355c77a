/** What a page leaves out of a reason. */
import { expect, it } from 'vitest';
import { checkPictureSize } from '../../src/picture/picture.js';
import { pageReason } from '../../src/web/page_reason.js';

it('leaves out flags and commands, and nothing else in parentheses', () => {
  for (const [message, shown] of [
    [
      'calibrate nut again with these (aaclip calibrate), or leave it out',
      'calibrate nut again with these, or leave it out',
    ],
    ['2 levels: name the blocks (--levels)', '2 levels: name the blocks'],
    [
      'made with another method (aaclip instead of plain): again',
      'made with another method (aaclip instead of plain): again',
    ],
    ['a.png: too large (1000 megapixels)', 'a.png: too large (1000 megapixels)'],
  ] as const) {
    expect(pageReason(message)).toBe(shown);
  }
  let told = '';
  try {
    checkPictureSize('a.png', 40_000, 25_000);
  } catch (error) {
    told = pageReason(String(error));
  }
  expect(told).toMatch(/got 40000x25000 \(1000 megapixels\).*shrink the picture$/);
});
