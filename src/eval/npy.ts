/** NumPy's .npy files, format version 1.0, as `np.load` reads them. */

/**
 * A float32 array as a .npy file (little-endian, C order).
 * @throws when the number of values does not fit the shape
 */
export function encodeNpy(shape: readonly number[], values: Float32Array): Uint8Array {
  const count = shape.reduce((a, b) => a * b, 1);
  if (count !== values.length) {
    throw new Error(`encodeNpy: wrong size: expected ${count} values of shape [${shape}], got ${values.length}`);
  }
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${dims}), }`;
  // Magic, version and length take 10 bytes; blanks and a line feed align the data to 64 bytes.
  const headerSize = Math.ceil((10 + text.length + 1) / 64) * 64;
  const out = new Uint8Array(headerSize + values.length * 4);
  const v = new DataView(out.buffer);
  out.set([0x93, ...new TextEncoder().encode('NUMPY'), 1, 0]);
  v.setUint16(8, headerSize - 10, true);
  out.set(new TextEncoder().encode(`${text.padEnd(headerSize - 11)}\n`), 10);
  // Little-endian on every machine.
  for (let i = 0; i < values.length; i++) v.setFloat32(headerSize + i * 4, values[i]!, true);
  return out;
}
