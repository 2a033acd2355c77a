import { expect, test } from 'vitest';
import { decode } from '../../src/node/decode.js';
import { encodeJpeg } from '../../src/node/encode_jpeg.js';

test.each([true, false])('pictures stay what they are as JPEG, with sharp: %s', async (sharp) => {
  const [width, height] = [40, 24];
  const data = Uint8Array.from({ length: 3 * width * height }, (_, k) => {
    const [x, y, c] = [Math.floor(k / 3) % width, Math.floor(k / (3 * width)), k % 3];
    return [5 * x, 200 - 4 * y, 90][c]!;
  });
  const got = await decode('a.jpg', await encodeJpeg({ width, height, data }, 90, { sharp }));
  expect([got.width, got.height]).toEqual([width, height]);
  const apart = got.data.reduce((sum, v, k) => sum + Math.abs(v - data[k]!), 0) / data.length;
  expect(apart).toBeLessThan(4);
});
