/** Files of test/goldens, for tests. */
import { readFileSync } from 'node:fs';
import { openSafetensors } from '../src/io/safetensors.js';
import { type ByteSource, bytesSource } from '../src/io/source.js';

export function goldenBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`./goldens/${name}`, import.meta.url)));
}

export function golden(name: string): ByteSource {
  return bytesSource(name, goldenBytes(name));
}

export function goldenJson<T>(name: string): T {
  return JSON.parse(new TextDecoder().decode(goldenBytes(name))) as T;
}

/** All tensors of a golden file: 8-bit ones as stored, the others as float32. */
export async function goldenTensors(name: string) {
  const file = await openSafetensors(golden(name));
  const found = new Map<string, { shape: readonly number[]; data: Uint8Array | Float32Array }>();
  for (const [key, { dtype, shape }] of file.tensors) {
    const data = dtype === 'U8' ? (await file.read(key)).bytes : await file.readF32(key);
    found.set(key, { shape, data });
  }
  return found;
}
