/** A picture made up on the spot, for timing that leaves out the decoding of files. */
export function noisePicture(side: number): { width: number; height: number; data: Uint8Array } {
  const data = Uint8Array.from({ length: 3 * side * side }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 24);
  return { width: side, height: side, data };
}
