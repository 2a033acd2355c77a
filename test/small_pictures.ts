/** Small files of kinds that our own encoder does not write. */
import { deflateSync } from 'node:zlib';
import { encodePng } from '../src/node/encode_png.js';

function chunk(kind: string, body: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + body.length); // the checksum is not read
  new DataView(out.buffer).setUint32(0, body.length);
  out.set(Buffer.from(kind), 4);
  out.set(body, 8);
  return out;
}

/** A 16-bit grey PNG. */
export function deepPng(width: number, height: number, levels: readonly number[]): Uint8Array {
  const small = encodePng(1, 1, new Uint8Array(3));
  const head = small.slice(0, 33);
  const v = new DataView(head.buffer);
  v.setUint32(16, width);
  v.setUint32(20, height);
  head[24] = 16;
  head[25] = 0;
  const rows = new DataView(new ArrayBuffer(height * (1 + 2 * width)));
  levels.forEach((level, i) => {
    rows.setUint16(1 + 2 * i + Math.floor(i / width), level);
  });
  return new Uint8Array(
    Buffer.concat([head, chunk('IDAT', deflateSync(new Uint8Array(rows.buffer))), small.slice(-12)]),
  );
}

/** EXIF data that state an orientation and nothing else. */
export function exif(orientation: number, little: boolean): Uint8Array {
  const v = new DataView(new ArrayBuffer(26));
  v.setUint16(0, little ? 0x4949 : 0x4d4d);
  v.setUint16(2, 42, little);
  v.setUint32(4, 8, little);
  v.setUint16(8, 1, little);
  v.setUint16(10, 274, little);
  v.setUint16(12, 3, little);
  v.setUint32(14, 1, little);
  v.setUint16(18, orientation, little);
  return new Uint8Array(v.buffer);
}

/** A PNG with one more chunk behind its header. */
function withChunk(png: Uint8Array, kind: string, body: Uint8Array): Uint8Array {
  return new Uint8Array(Buffer.concat([png.subarray(0, 33), chunk(kind, body), png.subarray(33)]));
}

/** A PNG with an EXIF chunk. */
export const withExif = (png: Uint8Array, orientation: number): Uint8Array =>
  withChunk(png, 'eXIf', exif(orientation, false));

/** A PNG that says to hold so many frames. */
export const withFrames = (png: Uint8Array, frames: number): Uint8Array =>
  withChunk(png, 'acTL', Uint8Array.of(0, 0, 0, frames, 0, 0, 0, 0));

/** An uncompressed grey TIFF. */
export function greyTiff(
  width: number,
  height: number,
  samples: Uint16Array | Float32Array,
  photometric: 0 | 1,
): Uint8Array {
  const data = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  const bits = 8 * samples.BYTES_PER_ELEMENT;
  const at = 8 + data.length;
  const tags = [
    [256, width],
    [257, height],
    [258, bits],
    [259, 1],
    [262, photometric],
    [273, 8],
    [277, 1],
    [278, height],
    [279, data.length],
    [339, samples instanceof Float32Array ? 3 : 1],
  ] as const;
  const v = new DataView(new ArrayBuffer(at + 2 + 12 * tags.length + 4));
  v.setUint32(0, 0x49492a00);
  v.setUint32(4, at, true);
  new Uint8Array(v.buffer).set(data, 8);
  v.setUint16(at, tags.length, true);
  tags.forEach(([tag, value], i) => {
    const entry = at + 2 + 12 * i;
    v.setUint16(entry, tag, true);
    v.setUint16(entry + 2, 4, true);
    v.setUint32(entry + 4, 1, true);
    v.setUint32(entry + 8, value, true);
  });
  return new Uint8Array(v.buffer);
}
