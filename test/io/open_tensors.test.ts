import { describe, expect, test } from 'vitest';
import { openTensorSource } from '../../src/io/open_tensors.js';
import { type TorchValue, writePickle } from '../../src/io/pickle_writer.js';
import { openSafetensors } from '../../src/io/safetensors.js';
import { toWrite, writeSafetensors } from '../../src/io/safetensors_writer.js';
import { type ByteSource, bytesSource } from '../../src/io/source.js';
import { rawF32 } from '../../src/io/tensor_file.js';
import { golden, goldenBytes } from '../golden_files.js';
import { buildZip } from './zip_builder.js';

const latin = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const open = (bytes: Uint8Array | string, name = 'w.pt') =>
  openTensorSource(bytesSource(name, typeof bytes === 'string' ? latin(bytes) : bytes));

async function safetensors(
  tensors: Readonly<Record<string, number>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<Uint8Array> {
  const list = Object.entries(tensors).map(([name, value]) => toWrite(name, rawF32([1], new Float32Array([value]))));
  const parts: Uint8Array[] = [];
  for await (const part of writeSafetensors(list, metadata)) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

describe('openTensorSource', () => {
  test('reads safetensors, a zip of torch and what torch wrote before 1.6', async () => {
    const expected = await openSafetensors(golden('archives/state_dict.safetensors'));
    for (const name of ['archives/state_dict.safetensors', 'archives/state_dict.pth', 'archives/legacy.pth']) {
      const file = await openTensorSource(golden(name));
      expect({ name, tensors: [...file.tensors.keys()].sort() }).toEqual({
        name,
        tensors: [...expected.tensors.keys()].sort(),
      });
      for (const tensor of expected.tensors.keys()) {
        expect({ name, tensor, values: await file.readF32(tensor) }).toEqual({
          name,
          tensor,
          values: await expected.readF32(tensor),
        });
      }
    }
  });

  test('reads safetensors whose header is as long as the first bytes of a pickle say', async () => {
    const bare = (await safetensors({ a: 7 }, { note: '' })).length - 12;
    for (const version of [2, 3, 4, 5]) {
      const bytes = await safetensors({ a: 7 }, { note: 'x'.repeat(256 * version + 0x80 - bare) });
      expect([...bytes.subarray(0, 4)]).toEqual([0x80, version, 0, 0]);
      expect([...(await (await open(bytes)).readF32('a'))]).toEqual([7]);
    }
  });

  test('finds the storages behind one of a type that is not read, in a file from before 1.6', async () => {
    const one = rawF32([1], new Float32Array([7]));
    const pickleOf = (value: TorchValue): string => Buffer.from(writePickle(value).pickle).toString('latin1');
    const parts = [
      '\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.',
      pickleOf({ little_endian: true }),
      pickleOf({ a: one, b: one }).replace('FloatStorage', 'ComplexFloatStorage'),
      pickleOf(['0', '1']),
      `\x01${'\0'.repeat(7)}${'\0'.repeat(8)}`,
      `\x01${'\0'.repeat(7)}${String.fromCharCode(...one.bytes)}`,
    ];
    const file = await open(parts.join(''));
    expect([...file.unread!.keys()]).toEqual(['a']);
    expect([...(await file.readF32('b'))]).toEqual([7]);
  });

  const tar = new Uint8Array(512);
  tar.set(latin('plain.pt'));
  tar.set(latin('ustar'), 257);
  const kinds: [what: string, bytes: Uint8Array | string, message: RegExp][] = [
    ['an empty file', '', /an empty file: .*download it again/],
    [
      'a Git LFS pointer',
      'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n',
      /Git LFS pointer, .*git lfs pull/,
    ],
    ['a web page', '\n<!DOCTYPE html><html>', /a web page, not weights: download the file itself/],
    ['a web page behind a byte-order mark', '\xef\xbb\xbf<html lang="en">', /a web page/],
    ['the XML of a refused download', '<?xml version="1.0"?><Error><Code>AccessDenied</Code>', /a web page/],
    ['gzip', '\x1f\x8b\x08\0', /packed with gzip: unpack it/],
    ['tar', tar, /a tar archive: unpack it/],
    ['zstd', '\x28\xb5\x2f\xfd', /packed with zstd/],
    ['GGUF', 'GGUF\x03\0\0\0', /a GGUF model: only safetensors and files of torch/],
    ['HDF5', '\x89HDF\r\n\x1a\n', /an HDF5 file/],
    ['ONNX', '\x08\x08\x12\x07pytorch', /an ONNX model/],
    ['ONNX without the name of a program', '\x08\x07\x3a\x80\x01', /an ONNX model/],
    ['a SavedModel', '\x08\x01\x12\x80\x8d\x0e', /a SavedModel of TensorFlow/],
    ['TensorFlow Lite', '\x1c\0\0\0TFL3', /TensorFlow Lite/],
    ['numpy', '\x93NUMPY\x01\0', /a numpy array: .*torch.save/],
    [
      'numpy arrays',
      buildZip([{ name: 'a.npy', bytes: latin('x') }]),
      /expected one data.pkl, got 0: .*numpy arrays \(.npz\)/,
    ],
    ['Keras', buildZip([{ name: 'model.weights.h5', bytes: latin('x') }]), /a Keras model/],
    [
      'weights within a zip',
      buildZip([{ name: 'a/clip.pt', bytes: latin('x') }]),
      /a zip with a\/clip.pt in it: unpack it/,
    ],
    ['a picture', '\x89PNG\r\n\x1a\n', /a picture \(PNG\)/],
    ['zeros', new Uint8Array(4096), /nothing but zeros so far/],
    ['a pickle of another program', '\x80\x04}.', /a pickle that torch.save did not write: .*save its state dict/],
    ['a pickle of protocol 0', '(dp0\nVa\np1\nI1\ns.', /a pickle that torch.save did not write/],
    [
      'an archive without tensors',
      buildZip([{ name: 'x/data.pkl', bytes: latin('\x80\x02}U\x01acf\ng\n)Rs.') }]),
      /no tensors in it: expected weights, got a: its value is the result of f.g/,
    ],
    [
      'JSON of another kind',
      '{"architectures": []}',
      /JSON, but not the index of weights: expected "weight_map", got architectures/,
    ],
    ['text', 'Invalid username\x0aor password.', /got text that begins "Invalid username\?or password\."/],
    ['other bytes', '\x01\x02\x03\xff', /not a known kind of weights: .*got bytes 01 02 03 ff/],
    ['a zip that was cut', goldenBytes('archives/state_dict.pth').subarray(0, 5000), /the download may be incomplete/],
    [
      'a file before 1.6 that was cut',
      goldenBytes('archives/legacy.pth').subarray(0, 3600),
      /storage .* is wrong: .*the download may be incomplete/,
    ],
    ['its pickles cut', goldenBytes('archives/legacy.pth').subarray(0, 900), /pickle is truncated/],
  ];
  test.each(kinds)('says what it is and what to do: %s', async (_, bytes, message) => {
    const error = await open(bytes).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toMatch(/^w.pt: [^\n]+$/);
  });

  test.each([
    ['a.ckpt.index', /TensorFlow/],
    ['variables.data-00000-of-00001', /TensorFlow/],
    ['flax_model.msgpack', /Flax/],
    ['model.engine', /TensorRT/],
  ])('says what it is by its name where the bytes do not: %s', async (name, message) => {
    await expect(open('\x01\x02\x03\xff', name)).rejects.toThrow(message);
  });

  test('keeps the words of safetensors for a file of that name', async () => {
    await expect(open(`${'\xff'.repeat(8)}x`, 'w.safetensors')).rejects.toThrow(/^w.safetensors: header is too long/);
  });
});

describe('weights in several files', () => {
  const index = (map: unknown): string => JSON.stringify({ metadata: {}, weight_map: map });
  const folder = (files: Readonly<Record<string, Uint8Array | string>>): ByteSource => {
    const at = async (name: string): Promise<ByteSource> => {
      const file = files[name];
      if (file === undefined) throw new Error(`${name}: no such file`);
      return { ...bytesSource(name, typeof file === 'string' ? latin(file) : file), beside: at };
    };
    return { ...bytesSource('model.json', latin(files['model.json'] as string)), beside: at };
  };

  test('are read by their index', async () => {
    const map = { 'a.weight': 'one.safetensors', 'b.weight': 'two.bin' };
    const torch = goldenBytes('archives/legacy.pth');
    const files = {
      'one.safetensors': await safetensors({ 'a.weight': 3, unlisted: 1 }),
      'two.bin': torch,
      'model.json': index({ ...map, 'views.scalar': 'two.bin' }).replace('"b.weight":"two.bin",', ''),
    };
    const file = await openTensorSource(folder(files));
    expect([...file.tensors.keys()]).toEqual(['a.weight', 'views.scalar']);
    expect([...(await file.readF32('a.weight'))]).toEqual([3]);
    expect(await file.readF32('views.scalar')).toEqual(await (await open(torch)).readF32('views.scalar'));
    expect(file.parts).toEqual(['model.json', 'one.safetensors', 'two.bin']);
  });

  test.each([
    ['a file that is missing', index({ a: 'b.bin' }), /^b.bin: no such file \(model.json names it: download all/],
    [
      'a tensor that is missing',
      index({ b: 'one.safetensors' }),
      /^one.safetensors: tensor is missing: expected b as model.json says/,
    ],
    [
      'a file in another folder',
      index({ a: '../one.safetensors' }),
      /^model.json: weight_map: expected the name of a file beside/,
    ],
    ['a hidden file', index({ a: '.one' }), /expected the name of a file beside/],
    ['an absolute path', index({ a: 'C:\\one' }), /expected the name of a file beside/],
    ['a number', index({ a: 1 }), /expected the name of a file beside the index, got a number/],
    ['no file', index({}), /weight_map is empty/],
    ['an index in an index', index({ a: 'model.json' }), /^model.json: not a known kind of weights/],
    ['a name twice', '{"weight_map":{"a":"x","a":"y"}}', /expected each key once, got a twice/],
    ['brackets without end', `{"weight_map":${'['.repeat(50000)}${']'.repeat(50000)}}`, /expected at most 64 levels/],
  ])('are refused with %s', async (_, text, message) => {
    const files = { 'model.json': text, 'one.safetensors': await safetensors({ a: 1 }) };
    await expect(openTensorSource(folder(files))).rejects.toThrow(message);
  });

  test('are refused where the files beside the index cannot be opened', async () => {
    await expect(open(index({ a: 'b.bin' }))).rejects.toThrow(/name the index by its path or address$/);
  });
});
