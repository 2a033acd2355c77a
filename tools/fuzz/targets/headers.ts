/** The start of pictures of every format: what they are, and how large. */
import { readPictureSize, sniffFormat } from '#src/picture/picture_header';
import type { FuzzTarget } from '../target.js';

const FILE = 'picture.tif';
const latin = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const padded = (text: string): Uint8Array => latin(text.padEnd(64, '\0'));

export const headers: FuzzTarget = {
  name: 'headers',
  file: FILE,
  seeds: async () => [
    // Little-endian and big-endian TIFF with width, height and depth; BigTIFF.
    padded(
      'II*\0\x08\0\0\0\x03\0\0\x01\x03\0\x01\0\0\0\x05\0\0\0\x01\x01\x03\0\x01\0\0\0\x03\0\0\0\x02\x01\x03\0\x01\0\0\0\x08\0\0\0',
    ),
    padded('MM\0*\0\0\0\x08\0\x02\x01\0\0\x03\0\0\0\x01\0\x05\0\0\x01\x01\0\x03\0\0\0\x01\0\x03\0\0'),
    padded('II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\x01\x03\0\x01\0\0\0\0\0\0\0\x05'),
    padded(
      '\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xc0\0\x11\x08\0\x03\0\x05\x03\x01"\0\x02\x11\x01\x03\x11\x01',
    ),
    padded('RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x04\0\0\x02\0\0'),
    padded('RIFF\x24\0\0\0WEBPVP8L\x0a\0\0\0\x2f\x04\x80\0\0'),
    padded('RIFF\x24\0\0\0WEBPVP8 \x0a\0\0\0\x30\x01\0\x9d\x01*\x05\0\x03\0'),
    padded('\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x05\0\0\0\x03\x08\x02\0\0\0'),
    padded('BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x04\0\0\0\x03\0\0\0\x01\0\x18\0'),
    latin('version https://git-lfs.github.com/spec/v1\n'),
    latin('\0\0\0\x18ftypheic\0\0\0\0mif1heic'),
  ],
  run: async (input) => void readPictureSize(FILE, input, sniffFormat(FILE, input)),
};
