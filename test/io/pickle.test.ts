import { describe, expect, test } from 'vitest';
import { readPickle } from '../../src/io/pickle.js';
import { PickleObject, PickleTensor, valueAt } from '../../src/io/pickle_values.js';

/** A pickle of opcodes and texts given one after another. */
function pickle(...parts: (number | string)[]): Uint8Array {
  return new Uint8Array(
    parts.flatMap((part) => (typeof part === 'string' ? [...new TextEncoder().encode(part)] : [part])),
  );
}
const run = (...parts: (number | string)[]) => readPickle('x.pth', pickle(0x80, 2, ...parts, '.'));
/** BINUNICODE of a short text. */
const str = (text: string): [string, number, number, number, number, string] => ['X', text.length, 0, 0, 0, text];

const STORAGE = ['(', ...str('storage'), 'ctorch\nFloatStorage\n', ...str('0'), ...str('cpu'), 'K', 6, 'tQ'];
/** A call of _rebuild_tensor_v2 with this offset, shape and stride (opcodes). */
const tensor = (offset: (number | string)[], shape: (number | string)[], stride: (number | string)[]) => [
  'ctorch._utils\n_rebuild_tensor_v2\n(',
  ...STORAGE,
  ...offset,
  ...shape,
  ...stride,
  0x89,
  'ccollections\nOrderedDict\n)RtR',
];

describe('readPickle', () => {
  test('reads plain values', () => {
    expect(run('N')).toBe(null);
    expect(run(0x88)).toBe(true);
    expect(run('K', 255)).toBe(255);
    expect(run('M', 1, 2)).toBe(513);
    expect(run('J', 0xfe, 0xff, 0xff, 0xff)).toBe(-2);
    expect(run(0x8a, 0)).toBe(0);
    expect(run(0x8a, 2, 0, 0xff)).toBe(-256);
    expect(run(0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1)).toBe(2n ** 64n);
    expect(run('G', 0x3f, 0xe0, 0, 0, 0, 0, 0, 0)).toBe(0.5);
    expect(run('X', 2, 0, 0, 0, 'é')).toBe('é');
    expect(run('U', 1, 'a')).toBe('a');
    expect(run(')')).toEqual([]);
    expect(run('K', 1, 'K', 2, 0x86)).toEqual([1, 2]);
    expect(run(']K', 1, 'a(K', 2, 'K', 3, 'e')).toEqual([1, 2, 3]);
    expect(run('}K', 1, 'K', 2, 's(', ...str('a'), 'Nu')).toEqual(
      new Map<unknown, unknown>([
        [1, 2],
        ['a', null],
      ]),
    );
    expect(run('K', 7, 'q', 3, 'h', 3, 0x86)).toEqual([7, 7]);
    expect(run('K', 7, 'r', 0, 1, 0, 0, 'j', 0, 1, 0, 0, 0x86)).toEqual([7, 7]);
  });

  test('reads dictionaries that were made from pairs and drops their attributes', () => {
    const dict = run(
      'ccollections\nOrderedDict\n](',
      ...str('a'),
      'K',
      1,
      0x86,
      'e',
      0x85,
      'R}',
      ...str('_metadata'),
      'Nsb',
    );
    expect(dict).toEqual(new Map([['a', 1]]));
  });

  test('reads tensors, parameters and the modules of TorchScript', () => {
    const found = run(...tensor(['K', 0], ['K', 2, 'K', 3, 0x86], ['K', 3, 'K', 1, 0x86]));
    expect(found).toBeInstanceOf(PickleTensor);
    expect(found).toMatchObject({
      offset: 0,
      shape: [2, 3],
      stride: [3, 1],
      storage: { dtype: 'F32', key: '0', length: 6 },
    });
    const parameter = run(
      'ctorch._utils\n_rebuild_parameter\n',
      ...tensor(['K', 0], [')'], [')']),
      0x88,
      'N',
      0x87,
      'R',
    );
    expect(parameter).toBeInstanceOf(PickleTensor);
    const module = run('c__torch__.model\nBlock\n)', 0x81, '}(', ...str('training'), 0x89, 'ub');
    expect(module).toBeInstanceOf(PickleObject);
    expect(valueAt(module, 'training')).toBe(false);
    expect(run('ctorch.jit._pickle\nbuild_intlist\n]K', 1, 'a', 0x85, 'R')).toEqual([1]);
  });

  test('reads what newer protocols write', () => {
    const frame = [0x95, 9, 0, 0, 0, 0, 0, 0, 0];
    expect(run(...frame, 0x8c, 1, 'a', 0x94, 0x8d, 1, 0, 0, 0, 0, 0, 0, 0, 'b', 0x94, 'h', 0, 0x87)).toEqual([
      'a',
      'b',
      'a',
    ]);
    expect(run(0x8f, '(K', 1, 'K', 2, 0x90)).toEqual([1, 2]);
    expect(run('(K', 1, 0x91)).toEqual([1]);
    expect(run(0x8b, 1, 0, 0, 0, 0xff)).toBe(-1);
    expect(run('K', 1, 'K', 2, '0')).toBe(1);
    expect(run('K', 1, '(K', 2, '1')).toBe(1);
    expect(run('K', 1, '2', 0x86)).toEqual([1, 1]);
    expect(run('U', 1, 0xff)).toBe('ÿ');
    expect(run('C', 2, 'ab')).toMatchObject({ className: 'bytes' });
    expect(run('B', 2, 0, 0, 0, 'ab', 'C', 0, 0x86)).toMatchObject([{ className: 'bytes' }, { className: 'bytes' }]);
  });

  test('reads dictionaries and sets under other names, and drops keys that name nothing', () => {
    expect(run('ccollections\ndefaultdict\nc__builtin__\nlist\n', 0x85, 'R', ...str('a'), 'Ns')).toEqual(
      new Map([['a', null]]),
    );
    expect(run('c__builtin__\nset\n](K', 1, 'e', 0x85, 'R')).toEqual([1]);
    expect(run('ctorch\nSize\nK', 2, 'K', 3, 0x86, 0x85, 'R')).toEqual([2, 3]);
    expect(run('}(NK', 1, ')K', 2, 'K', 5, 'K', 3, 'u')).toEqual(new Map([[5, 3]]));
    // A class of dictionaries, and a slot beside the attributes.
    const own = run(
      'cmine\nDict\n)',
      0x81,
      ...str('a'),
      'K',
      1,
      's}',
      ...str('b'),
      'K',
      2,
      's}',
      ...str('c'),
      'K',
      3,
      's',
      0x86,
      'b',
    );
    expect([valueAt(own, 'a'), valueAt(own, 'b'), valueAt(own, 'c')]).toEqual([1, 2, 3]);
  });

  const never: [what: string, name: string, parts: (number | string)[]][] = [
    ['os.system', 'posix.system', ['cposix\nsystem\nU', 2, 'id', 0x85, 'R']],
    ['eval', '__builtin__.eval', ['c__builtin__\neval\nU', 1, '1', 0x85, 'R']],
    ['a function of torch', 'torch.hub.load', ['ctorch.hub\nload\nU', 1, '1', 0x85, 'R']],
    ['a name that every object has', 'constructor.constructor', ['cconstructor\nconstructor\n)R']],
    ['a name of an object’s parent', '__proto__.toString', ['c__proto__\ntoString\n)R']],
    ['a name made on the stack', 'os.system', [0x8c, 2, 'os', 0x8c, 6, 'system', 0x93, ')R']],
    ['a storage type', 'torch.FloatStorage', ['ctorch\nFloatStorage\n)R']],
    ['the result of a call', 'a.f', ['ca\nf\n)R)R']],
  ];
  test.each(never)('never calls %s: an object takes the place of the result', (_, name, parts) => {
    const found = run(...parts);
    expect(found).toBeInstanceOf(PickleObject);
    expect(found).toMatchObject({
      className: name,
      unread: `its value is the result of ${name}, which is never called here`,
    });
    expect((found as PickleObject).attributes.size).toBe(0);
  });

  test('keeps the class and the attributes of an object whose class is not known', () => {
    const made = [
      run('cargparse\nNamespace\n)', 0x81, '}', ...str('lr'), 'K', 1, 'sb'),
      run(
        'ccopy_reg\n_reconstructor\ncargparse\nNamespace\nc__builtin__\nobject\nN',
        0x87,
        'R}',
        ...str('lr'),
        'K',
        1,
        'sb',
      ),
    ];
    for (const found of made) {
      expect(found).toMatchObject({ className: 'argparse.Namespace', unread: undefined });
      expect(valueAt(found, 'lr')).toBe(1);
    }
  });

  test.each([
    ['lists', ']0'],
    ['marks', '('],
    ['notes', `K\x01${'\x94'.repeat(1000)}0`],
    [
      'pairs of a shared list',
      `](${'NN\x86'.repeat(1000)}e\x94ccollections\nOrderedDict\n\x94${'h\x01h\x00\x85R0'.repeat(1000)}`,
    ],
  ])('stops at two million %s', (_, body) => {
    const bytes = Buffer.from(
      body.repeat(Math.ceil(2.2e6 / (body.length > 5000 ? 1e6 : Math.max(1, body.length - 3)))),
      'latin1',
    );
    expect(() => readPickle('x.pth', bytes)).toThrow(
      /^x.pth: pickle at byte \d+: pickle is too large: expected at most 2000000/,
    );
  });

  const refused: [what: string, parts: (number | string)[], message: RegExp][] = [
    ['NEWOBJ of a number', ['K', 1, ')', 0x81], /object is broken: expected a class, got 1/],
    ['a number of 257 bytes', [0x8b, 1, 1, 0, 0], /number is too long/],
    ['a name without a module', ['K', 1, 0x8c, 1, 'a', 0x93], /name is broken/],
    ['a name of 1001 characters', [`c${'m'.repeat(1000)}\na\n`], /name is broken: expected .* at most 1000/],
    [
      'one storage of two types',
      [...STORAGE, ...STORAGE.map((part) => (part === 'ctorch\nFloatStorage\n' ? 'ctorch\nHalfStorage\n' : part))],
      /storage is broken: expected one type, got two/,
    ],
    ['INST', ['(U', 2, 'id', 'iposix\nsystem\n'], /opcode INST \(0x69\) is not allowed/],
    ['EXT1', [0x82, 1], /opcode EXT1 \(0x82\) is not allowed/],
    ['an opcode that does not exist', [0xff], /opcode unknown \(0xff\) is not allowed/],
    ['a call of a number', ['K', 1, ')R'], /call is broken: expected a name and a tuple of arguments, got 1/],
    [
      'a tensor past its storage',
      tensor(['K', 1], ['K', 2, 'K', 3, 0x86], ['K', 3, 'K', 1, 0x86]),
      /does not fit its storage of 6: got offset 1/,
    ],
    [
      'a tensor of negative stride',
      tensor(['K', 0], ['K', 2, 0x85], ['J', 255, 255, 255, 255, 0x85]),
      /does not fit its storage/,
    ],
    ['a tensor of other rank than its stride', tensor(['K', 0], ['K', 2, 0x85], [')']), /does not fit its storage/],
    [
      'a tensor without a storage',
      ['ctorch._utils\n_rebuild_tensor_v2\n(K', 1, 'K', 0, '))tR'],
      /_rebuild_tensor_v2 is broken/,
    ],
    ['a persistent id of another kind', ['U', 1, 'x', 'Q'], /persistent id is broken/],
    ['a value that is missing', [0x86], /stack is broken: expected 2 values, got 0/],
    ['values taken from before a mark', ['K', 1, 'K', 2, '(K', 3, 0x86], /stack is broken: expected 2 values, got 1/],
    ['a mark that is missing', ['t'], /expected a mark/],
    ['a memo that is empty', ['h', 9], /memo is broken: expected a value at 9/],
    ['items without a partner', ['}(K', 1, 'u'], /items are broken/],
  ];
  test.each(refused)('refuses %s', (_, parts, message) => {
    expect(() => run(...parts)).toThrow(message);
  });

  test.each([
    ['nothing', pickle()],
    ['no STOP', pickle(0x80, 2, 'N')],
    ['a text past the end', pickle('X', 255, 255, 255, 255, 'a.')],
    ['a global without an end', pickle('cos\nsystem')],
    ['half a number', pickle('G', 0)],
  ])('refuses a pickle that is cut: %s', (_, bytes) => {
    expect(() => readPickle('x.pth', bytes)).toThrow(/^x.pth: pickle at byte \d+: pickle is truncated/);
  });
});

test('valueAt follows keys, attributes and indices', () => {
  const root = new Map([['groups', [new Map<string, number>([['lr', 0.5]])]]]);
  expect(valueAt(root, 'groups', 0, 'lr')).toBe(0.5);
  expect(valueAt(root, 'groups', 1, 'lr')).toBe(undefined);
  expect(valueAt(root, 'groups', 'length')).toBe(undefined);
});
