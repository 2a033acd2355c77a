/** The files of `test/goldens`, and how far values are from those in them. */
import { readFileSync } from 'node:fs';
import { openSafetensors } from '../src/io/safetensors.js';
import { type ByteSource, bytesSource } from '../src/io/source.js';

export function goldenBytes(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`goldens/${name}`, import.meta.url)));
}

export function golden(name: string): ByteSource {
  return bytesSource(name, goldenBytes(name));
}

export function goldenJson<T = unknown>(name: string): T {
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

/** How many values differ, and the largest and mean absolute difference. */
export function difference(a: ArrayLike<number>, b: ArrayLike<number>): { count: number; most: number; mean: number } {
  if (a.length !== b.length) throw new Error(`difference: expected equal lengths, got ${a.length} and ${b.length}`);
  let count = 0;
  let most = 0;
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i]! - b[i]!);
    if (d !== 0) count++;
    if (!(d <= most)) most = d; // NaN counts as the largest
    sum += d;
  }
  return { count, most, mean: sum / a.length };
}

export const EXACT = { count: 0, most: 0, mean: 0 };

/** All chunks of a file, one after another. */
export async function joined(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}
