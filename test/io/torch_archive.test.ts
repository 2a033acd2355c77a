import { describe, expect, test } from 'vitest';
import { valueAt } from '../../src/io/pickle_values.js';
import { openSafetensors } from '../../src/io/safetensors.js';
import { bytesSource } from '../../src/io/source.js';
import { readTorchArchive } from '../../src/io/torch_archive.js';
import { golden, goldenBytes } from '../golden_files.js';
import { buildZip, type Entry } from './zip_builder.js';

const text = (s: string) => new TextEncoder().encode(s);
const archive = (...entries: Entry[]) => bytesSource('x.pth', buildZip(entries));
const pkl = (body: string): Entry => ({
  name: 'x/data.pkl',
  bytes: Uint8Array.from(`\x80\x02${body}.`, (c) => c.charCodeAt(0)),
});

/** BINPERSID of a float storage with this key and length, and a tensor that is all of it. */
const tensor = (key: string, length: number) =>
  `ctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\nFloatStorage\nU\x01${key}U\x03cpuK${String.fromCharCode(length)}tQK\x00` +
  `K${String.fromCharCode(length)}\x85K\x01\x85\x89}tR`;

/** Lists of twice the list before, 24 times. */
const UNFOLD = [...Array(24).keys()].map(() => `0](h\x00h\x00eq\x00`).join('');

describe('readTorchArchive', () => {
  test('reads an adapter checkpoint with its optimizer', async () => {
    const { root, tensors } = await readTorchArchive(golden('text_adapter.tiny.pth'));
    const expected = await openSafetensors(golden('pth.text_adapter.tiny.safetensors'));
    expect(expected.tensors.size).toBe(4);
    for (const name of expected.tensors.keys()) {
      expect(await tensors.readF32(`text_adapter.${name}`)).toEqual(await expected.readF32(name));
    }
    expect(valueAt(root, 'epoch')).toBe(3);
    expect(valueAt(root, 'text_optimizer', 'param_groups', 0, 'lr')).toBe(0.001);
    expect(valueAt(root, 'text_optimizer', 'param_groups', 0, 'betas')).toEqual([0.5, 0.999]);
    expect(valueAt(root, 'text_optimizer', 'param_groups', 0, 'params')).toEqual([0, 1, 2, 3]);
    expect([...(await tensors.readF32('text_optimizer.state.2.step'))]).toEqual([1]);
    expect(tensors.tensors.get('text_optimizer.state.3.exp_avg_sq')?.shape).toEqual([48, 64]);
    expect(tensors.tensors.size).toBe(4 + 4 * 3);
  });

  test('reads a TorchScript archive with float16 and float32 tensors', async () => {
    const { tensors } = await readTorchArchive(golden('archives/torchscript.pt'));
    const expected = await openSafetensors(golden('archives/torchscript.safetensors'));
    expect(expected.tensors.size).toBeGreaterThan(40);
    for (const name of expected.tensors.keys()) {
      expect({ name, values: await tensors.readF32(name) }).toEqual({ name, values: await expected.readF32(name) });
    }
    expect(tensors.tensors.get('visual.conv1.weight')).toMatchObject({ dtype: 'F16', shape: [8, 3, 2, 2] });
    expect(tensors.tensors.get('visual.ln_pre.weight')?.dtype).toBe('F32');
    expect([...(await tensors.readF32('context_length'))]).toEqual([5]);
  });

  test('reads modules, parameters, every dtype, and views of any stride', async () => {
    const { root, tensors } = await readTorchArchive(golden('archives/state_dict.pth'));
    const expected = await openSafetensors(golden('archives/state_dict.safetensors'));
    expect([...tensors.tensors.keys()].sort()).toEqual([...expected.tensors.keys()].sort());
    for (const name of expected.tensors.keys()) {
      expect({ name, values: await tensors.readF32(name) }).toEqual({ name, values: await expected.readF32(name) });
    }
    const shapes = (prefix: string) =>
      [...tensors.tensors.values()]
        .filter((t) => t.name.startsWith(prefix))
        .map((t) => [t.name, t.dtype, ...t.shape].join(' '));
    expect(shapes('dtypes.')).toEqual([
      'dtypes.f64 F64 2',
      'dtypes.f32 F32 2',
      'dtypes.f16 F16 4',
      'dtypes.bf16 BF16 2',
      'dtypes.i64 I64 2',
      'dtypes.i32 I32 2',
      'dtypes.i16 I16 2',
      'dtypes.i8 I8 2',
      'dtypes.u8 U8 2',
      'dtypes.bool BOOL 3',
    ]);
    expect(shapes('views.')).toEqual([
      'views.base F32 2 3 4',
      'views.permuted F32 4 2 3',
      'views.slice F32 3 2',
      'views.row F32 3 4',
      'views.expanded F32 2 3',
      'views.half_t F16 5 3',
      'views.f64_t F64 2 3',
      'views.u8_t U8 3 2',
      'views.empty F32 0 4',
      'views.scalar F32',
    ]);
    expect(valueAt(root, 'plain')).toEqual(
      new Map<unknown, unknown>([
        ['epoch', 7],
        ['big', 2n ** 80n],
        ['negative', -70000],
        ['rate', 1e-5],
        ['none', null],
        ['yes', true],
        ['text', 'größe'],
        [3, 'three'],
        ['pair', [0.5, 0.999]],
      ]),
    );
  });

  test('notices one changed bit of a tensor', async () => {
    const bytes = goldenBytes('text_adapter.tiny.pth');
    bytes[bytes.length >> 1]! ^= 1;
    const { tensors } = await readTorchArchive(bytesSource('x.pth', bytes));
    const reads = [...tensors.tensors.keys()].map((name) => tensors.read(name));
    const results = await Promise.allSettled(reads);
    const failed = results.filter((r) => r.status === 'rejected');
    expect(failed).toHaveLength(1);
    expect(String(failed[0]?.reason)).toMatch(/x.pth: entry text_adapter.tiny\/data\/\d+ is damaged/);
  });

  const data = (key: string, size: number): Entry => ({ name: `x/data/${key}`, bytes: new Uint8Array(size) });
  const refused: [what: string, source: ReturnType<typeof archive>, message: RegExp][] = [
    ['an empty file', bytesSource('x.pth', new Uint8Array(0)), /not a torch archive/],
    ['another zip file', archive({ name: 'word/document.xml', bytes: text('x') }), /expected one data.pkl, got 0/],
    ['two pickles', archive(pkl('}'), { name: 'y/data.pkl', bytes: text('.') }), /expected one data.pkl, got 2/],
    [
      'a storage that is missing',
      archive(pkl(`}U\x01a${tensor('0', 2)}s`)),
      /tensor a: storage 0 is wrong: expected 8 bytes, got no such entry/,
    ],
    ['a storage that is too short', archive(pkl(`}U\x01a${tensor('0', 2)}s`), data('0', 7)), /expected 8 bytes, got 7/],
    ['a storage outside its folder', archive(pkl(`}U\x01a${tensor('/', 2)}s`), data('0', 8)), /no such entry/],
    [
      'big-endian numbers',
      archive(pkl('}'), { name: 'x/byteorder', bytes: text('big') }),
      /byte order is not supported: expected little, got big/,
    ],
    ['a compressed pickle', archive({ ...pkl('}'), method: 8 }), /entry x\/data.pkl is compressed/],
    ['an encrypted pickle', archive({ ...pkl('}'), flags: 1 }), /entry x\/data.pkl is encrypted/],
    [
      'a dictionary within 201 others',
      archive(pkl('}U\x01a'.repeat(201) + tensor('0', 2) + 's'.repeat(201)), data('0', 8)),
      /nested too deeply or shares too much: expected .*, got more than 200 levels at a\.a\.a/,
    ],
    [
      'lists that unfold a tensor without end',
      archive(pkl(`${tensor('0', 2)}q\x00${UNFOLD}`), data('0', 8)),
      /nested too deeply or shares too much: expected .*, got more than 100000 tensors at/,
    ],
    [
      'two tensors with one dotted name',
      archive(pkl(`}U\x03a.b${tensor('0', 2)}sU\x01a}U\x01b${tensor('0', 2)}ss`), data('0', 8)),
      /expected each tensor once, got a.b twice/,
    ],
  ];
  test.each(refused)('refuses %s', async (_, source, message) => {
    const error = await readTorchArchive(source).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toMatch(/^x.pth: [^\n]+$/);
  });

  const values = { name: 'x/data/0', bytes: new Uint8Array(new Float32Array([1, 2]).buffer) };

  test('leaves out what shares or holds itself without a tensor', async () => {
    const body = `}(U\x01aK\x01q\x00${UNFOLD}U\x01b}q\x01U\x01ch\x01sU\x01d${tensor('0', 2)}u`;
    const { tensors } = await readTorchArchive(archive(pkl(body), values));
    expect([...tensors.tensors.keys()]).toEqual(['d']);
  });

  test('reads a module that was saved whole as its state dict', async () => {
    const module = (attributes: string) => `cmine\nModel\n)\x81}(${attributes}ub`;
    const inner = module(`U\x0b_parameters}U\x01w${tensor('0', 2)}s`);
    const source = archive(pkl(module(`U\x08_modules}U\x05inner${inner}sU\x08training\x89`)), values);
    expect([...(await (await readTorchArchive(source)).tensors.readF32('inner.w'))]).toEqual([1, 2]);
  });

  test('says why a value is no tensor, and reads those beside it', async () => {
    const complex = tensor('1', 2).replace('FloatStorage', 'ComplexFloatStorage');
    const large = `ctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuK\x02tQK\x00J\x00\x00\x00\x10\x85K\x00\x85\x89}tR`;
    const body = `}(U\x01acos\nsystem\nU\x02id\x85RU\x01b${complex}U\x01c${large}U\x01d${tensor('0', 2)}u`;
    const { tensors } = await readTorchArchive(archive(pkl(body), values));
    expect([...tensors.tensors.keys()]).toEqual(['d']);
    expect([...tensors.unread!]).toEqual([
      ['a', 'its value is the result of os.system, which is never called here'],
      ['b', 'its numbers are of torch.ComplexFloatStorage, which is not supported'],
      ['c', 'it repeats the 2 numbers of its storage up to 268435456; save it with .contiguous()'],
    ]);
  });

  test('reads two tensors of one storage', async () => {
    const shared = tensor('0', 2);
    const source = archive(pkl(`}U\x01a${shared}sU\x01b${shared}s`), values);
    const { tensors } = await readTorchArchive(source);
    expect([...(await tensors.readF32('a'))]).toEqual([1, 2]);
    expect([...(await tensors.readF32('b'))]).toEqual([1, 2]);
  });
});
