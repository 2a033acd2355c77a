/** BMP of several depths, with and without run lengths. */
import { decode } from '#src/node/decode';
import type { FuzzTarget } from '../target.js';

const FILE = 'picture.bmp';
const MAX_PIXELS = 1_000_000;

/** A picture of 4 x 3 pixels. @param compression 0 none, 1 run lengths of 8 bits, 2 of 4 bits, 3 bit fields */
function picture(bits: number, compression: number): Uint8Array {
  const colours = bits <= 8 ? 4 << bits : compression === 3 ? 12 : 0;
  const pixels = compression === 1 || compression === 2 ? [4, 1, 0, 0, 0, 4, 1, 2, 3, 1, 0, 2, 1, 0, 2, 1, 0, 1] : [];
  const rows = Math.ceil((4 * bits) / 32) * 4 * 3;
  const out = new Uint8Array(54 + colours + (pixels.length || rows));
  const view = new DataView(out.buffer);
  out.set([0x42, 0x4d]);
  view.setUint32(2, out.length, true);
  view.setUint32(10, 54 + colours, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, 4, true);
  view.setInt32(22, 3, true);
  view.setUint16(26, 1, true);
  view.setUint16(28, bits, true);
  view.setUint32(30, compression, true);
  if (compression === 3) {
    for (const [i, mask] of [0xff0000, 0xff00, 0xff].entries()) view.setUint32(54 + 4 * i, mask, true);
  }
  out.set(pixels, 54 + colours);
  return out;
}

export const bmp: FuzzTarget = {
  name: 'bmp',
  file: FILE,
  seeds: async () => [
    picture(1, 0),
    picture(4, 0),
    picture(8, 0),
    picture(8, 1),
    picture(4, 2),
    picture(16, 0),
    picture(24, 0),
    picture(32, 0),
    picture(32, 3),
  ],
  run: async (input) => void (await decode(FILE, input, { sharp: false, maxPixels: MAX_PIXELS })),
};
