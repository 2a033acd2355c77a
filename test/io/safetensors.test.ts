import { describe, expect, test } from 'vitest';
import { openSafetensors } from '../../src/io/safetensors.js';
import { type TensorToWrite, toWrite, writeSafetensors } from '../../src/io/safetensors_writer.js';
import { type ByteSource, bytesSource } from '../../src/io/source.js';
import { rawF32, tensorInfo } from '../../src/io/tensor_file.js';
import { golden, joined } from '../golden_files.js';

/** A file of this header and this many bytes behind it. */
function file(header: string | Uint8Array, dataSize = 0): ByteSource {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + dataSize);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytesSource('w.safetensors', bytes);
}

const entry = (dtype: string, shape: unknown, begin: unknown, end: unknown) =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

describe('openSafetensors', () => {
  test('reads what another program wrote', async () => {
    const read = await openSafetensors(golden('pth.text_adapter.tiny.safetensors'));
    expect(read.metadata.get('file')).toBe('text_adapter.tiny.pth');
    expect([...read.tensors.keys()].sort()).toEqual(['0', '1', '2', '3'].map((i) => `${i}.fc.0.weight`));
    expect(read.tensors.get('3.fc.0.weight')).toEqual({
      name: '3.fc.0.weight',
      dtype: 'F32',
      shape: [48, 64],
      byteLength: 12288,
    });
    expect(await read.readF32('3.fc.0.weight')).toHaveLength(48 * 64);
  });

  test('reads one tensor at a time and nothing else', async () => {
    const inner = golden('pth.text_adapter.tiny.safetensors');
    const reads: number[] = [];
    const source: ByteSource = {
      ...inner,
      read(offset, length) {
        reads.push(length);
        return inner.read(offset, length);
      },
    };
    const read = await openSafetensors(source);
    expect(reads.reduce((a, b) => a + b)).toBeLessThan(1000);
    reads.length = 0;
    await read.readF32('0.fc.0.weight');
    expect(reads).toEqual([64 * 64 * 4]);
  });

  test('allows tensors in any order, empty ones, padding and unicode names', async () => {
    const header = `{"ü":${entry('F32', [2], 4, 12)}, "e":${entry('F32', [0, 7], 4, 4)},"a":${entry('U8', [4], 0, 4)}}   `;
    const read = await openSafetensors(file(header, 12));
    expect(await read.readF32('ü')).toEqual(new Float32Array(2));
    expect(await read.readF32('e')).toEqual(new Float32Array(0));
    expect((await read.read('a')).bytes).toEqual(new Uint8Array(4));
    await expect(openSafetensors(file('{}'))).resolves.toMatchObject({ name: 'w.safetensors' });
  });

  test('names a tensor that is missing', async () => {
    const read = await openSafetensors(golden('pth.text_adapter.tiny.safetensors'));
    await expect(read.read('conv')).rejects.toThrow(
      /tensor is missing: expected conv, got 0.fc.0.weight, .*3.fc.0.weight$/,
    );
  });

  const t = entry('F32', [1], 0, 4);
  const broken: [what: string, source: ByteSource, message: RegExp][] = [
    ['an empty file', bytesSource('w', new Uint8Array(0)), /not a safetensors file: expected 8 bytes.*got a file of 0/],
    ['7 bytes', bytesSource('w', new Uint8Array(7)), /not a safetensors file/],
    [
      'a header past the end',
      bytesSource('w', new Uint8Array([99, 0, 0, 0, 0, 0, 0, 0, 123])),
      /truncated: expected 99 .*got 1;/,
    ],
    ['a header of 2^63 bytes', bytesSource('w', new Uint8Array([0, 0, 0, 0, 0, 0, 0, 128])), /header is too long/],
    ['a zip file', bytesSource('w', new TextEncoder().encode('PK\x03\x04.....')), /may not be a safetensors file/],
    ['no header', file(''), /starts with \{, got ""/],
    ['an array', file('[]'), /starts with \{, got "\["/],
    ['space before the header', file(' {}'), /starts with \{/],
    ['a byte order mark', file('\ufeff{}'), /starts with \{/],
    ['bytes that are not UTF-8', file(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])), /expected UTF-8 text/],
    ['broken JSON', file('{"a":'), /expected valid JSON/],
    ['a tensor twice', file(`{"a":${t},"a":${t}}`, 4), /expected each key once, got a twice/],
    ['a tensor twice, once escaped', file(`{"a":${t},"\\u0061":${t}}`, 4), /expected each key once, got a twice/],
    [
      'a field twice',
      file('{"a":{"dtype":"F32","dtype":"F16","shape":[1],"data_offsets":[0,4]}}', 4),
      /got dtype twice/,
    ],
    [
      'metadata that is not an object',
      file('{"__metadata__":["x"]}'),
      /__metadata__ is broken: expected an object, got an array/,
    ],
    ['metadata that is not text', file('{"__metadata__":{"a":1}}'), /expected text under a, got a number/],
    ['an entry that is not an object', file('{"a":5}'), /tensor a: entry is broken: expected an object, got a number/],
    ['an unknown dtype', file(`{"a":${entry('F5', [4], 0, 4)}}`, 4), /tensor a: dtype is not supported: .*got "F5"/],
    ['a dtype that every object has', file(`{"a":${entry('constructor', [4], 0, 4)}}`, 4), /dtype is not supported/],
    [
      '65 dimensions',
      file(`{"a":${entry('F32', Array(65).fill(1), 0, 4)}}`, 4),
      /shape is broken: expected at most 64/,
    ],
    [
      'brackets without end',
      file(`{"a":${'['.repeat(9000)}${']'.repeat(9000)}}`),
      /header is broken: expected at most 64 levels/,
    ],
    ['a line break in a name', file('{"a\\nb":5}'), /tensor a\?b: entry is broken/],
    ['a negative dimension', file(`{"a":${entry('F32', [-1], 0, 4)}}`, 4), /shape is broken: .*got \[-1\]/],
    ['a broken dimension', file(`{"a":${entry('F32', [0.5, 2], 0, 4)}}`, 4), /shape is broken/],
    ['no shape', file('{"a":{"dtype":"F32","data_offsets":[0,4]}}', 4), /shape is broken: .*got nothing/],
    ['dimensions past 2^53', file(`{"a":${entry('F32', [2 ** 40, 2 ** 40], 0, 4)}}`, 4), /size is wrong: expected NaN/],
    ['offsets the wrong way', file(`{"a":${entry('F32', [1], 4, 0)}}`, 4), /data_offsets are broken/],
    ['three offsets', file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}', 8), /data_offsets are broken/],
    [
      'a size that does not fit',
      file(`{"a":${entry('F32', [2], 0, 4)}}`, 4),
      /size is wrong: expected 8 bytes for F32 \[2\], got 4/,
    ],
    [
      'a hole at the start',
      file(`{"a":${entry('F32', [1], 4, 8)}}`, 8),
      /tensor a: leaves a hole after the header: expected offset 0, got 4/,
    ],
    ['a hole', file(`{"a":${t},"b":${entry('F32', [1], 8, 12)}}`, 12), /tensor b: leaves a hole after a/],
    [
      'an overlap',
      file(`{"a":${entry('F32', [2], 0, 8)},"b":${entry('F32', [1], 4, 8)}}`, 8),
      /tensor b: overlaps a: expected offset 8, got 4/,
    ],
    ['a truncated file', file(`{"a":${t}}`, 3), /file is truncated: expected 4 bytes of tensors, got 3/],
    ['bytes after the last tensor', file(`{"a":${t}}`, 5), /file is too long: expected 4 bytes of tensors, got 5/],
  ];
  test('leaves out types of the format that are not read, and says so', async () => {
    const read = await openSafetensors(file(`{"a":${entry('F8_E4M3', [4], 0, 4)},"b":${entry('F32', [1], 4, 8)}}`, 8));
    expect([...read.tensors.keys()]).toEqual(['b']);
    expect([...read.unread!]).toEqual([['a', 'its numbers are of F8_E4M3, which is not supported']]);
    expect(await read.readF32('b')).toHaveLength(1);
  });

  test.each(broken)('refuses %s', async (_, source, message) => {
    const error = await openSafetensors(source).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toMatch(/^w(\.safetensors)?: /);
    expect((error as Error).message).not.toContain('\n');
  });
});

const weights = new Float32Array([1, -2.5, 3e-9, Number.NaN, Infinity, 6]);
const mixed: TensorToWrite[] = [
  toWrite('z.flags', { dtype: 'U8', shape: [3], bytes: new Uint8Array([1, 2, 3]) }),
  toWrite('b.weight', rawF32([2, 3], weights)),
  toWrite('10', { dtype: 'F16', shape: [1, 3], bytes: new Uint8Array([0, 60, 0, 64, 0, 66]) }),
  toWrite('a.weight', rawF32([], new Float32Array([7]))),
  toWrite('9', { dtype: 'BF16', shape: [1], bytes: new Uint8Array([128, 63]) }),
  toWrite('ids', { dtype: 'I64', shape: [1], bytes: new Uint8Array(new BigInt64Array([-3n]).buffer) }),
  toWrite('step', { dtype: 'I32', shape: [1], bytes: new Uint8Array(new Int32Array([-7]).buffer) }),
  toWrite('none', { dtype: 'F32', shape: [0, 4], bytes: new Uint8Array(0) }),
];

describe('writeSafetensors', () => {
  test('writes what an independent reader reads', async () => {
    interface Reader {
      metadata: Map<string, { dtype: string; shape: number[] }>;
      getTensor(name: string): Uint8Array;
    }
    const name: string = 'safetensors';
    const library = (await import(name)) as { default: { SafeTensor: new (bytes: Uint8Array) => Reader } };
    const reader = new library.default.SafeTensor(await joined(writeSafetensors(mixed)));
    expect(reader.metadata.size).toBe(mixed.length);
    for (const tensor of mixed) {
      expect(reader.metadata.get(tensor.name)).toMatchObject({ dtype: tensor.dtype, shape: tensor.shape });
      expect(reader.getTensor(tensor.name)).toEqual(await tensor.bytes());
    }
  });

  test('writes what its own reader reads, metadata included', async () => {
    const bytes = await joined(writeSafetensors(mixed, { z: '"', a: 'größe' }));
    const read = await openSafetensors(bytesSource('w', bytes));
    expect([...read.metadata]).toEqual([
      ['a', 'größe'],
      ['z', '"'],
    ]);
    expect(await read.readF32('b.weight')).toEqual(weights);
    expect([...(await read.readF32('10'))]).toEqual([1, 2, 3]);
    expect([...(await read.readF32('9'))]).toEqual([1]);
    expect([...(await read.readF32('ids'))]).toEqual([-3]);
    expect([...(await read.readF32('step'))]).toEqual([-7]);
    expect(read.tensors.get('a.weight')?.shape).toEqual([]);
  });

  test('starts the bytes at a multiple of 8 and aligns every tensor', async () => {
    const bytes = await joined(writeSafetensors(mixed, { a: 'b' }));
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Record<
      string,
      { dtype: string; data_offsets?: [number, number] }
    >;
    for (const { dtype, data_offsets: at } of Object.values(header)) {
      if (at) expect(at[0] % (dtype === 'I64' ? 8 : dtype.endsWith('32') ? 4 : dtype.endsWith('16') ? 2 : 1)).toBe(0);
    }
  });

  test('gives the same bytes in any order', async () => {
    const one = await joined(writeSafetensors(mixed, { a: '1', b: '2' }));
    const other = await joined(writeSafetensors([...mixed].reverse(), { b: '2', a: '1' }));
    expect(other).toEqual(one);
  });

  test('reads a tensor only when its turn comes', async () => {
    const asked: string[] = [];
    const lazy = ['a', 'b'].map((name) => ({
      ...tensorInfo(name, 'U8', [1]),
      bytes: () => {
        asked.push(name);
        return Promise.resolve(new Uint8Array(1));
      },
    }));
    const chunks = writeSafetensors(lazy);
    await chunks.next();
    expect(asked).toEqual([]);
    await chunks.next();
    expect(asked).toEqual(['a']);
  });

  test.each([
    ['a name twice', [mixed[1]!, mixed[1]!], /each tensor once, got b.weight again/],
    ['the reserved name', [{ ...mixed[1]!, name: '__metadata__' }], /got __metadata__ again/],
    [
      'bytes that are too few',
      [{ ...mixed[1]!, bytes: () => new Uint8Array(5) }],
      /b.weight: wrong length: expected 24 bytes for F32 \[2, 3\], got 5/,
    ],
  ])('refuses %s', async (_, tensors, message) => {
    await expect(joined(writeSafetensors(tensors))).rejects.toThrow(message);
  });

  test('refuses values and shapes that do not fit', () => {
    expect(() => rawF32([2, 2], weights)).toThrow('rawF32: wrong number of values: expected 4 for [2,2], got 6');
    expect(() => tensorInfo('x', 'F32', [-1])).toThrow('tensor x: shape is impossible');
  });
});
