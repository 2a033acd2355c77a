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

  const attack = ['cposix\nsystem\n', 'U', 2, 'id', 0x85, 'R'];
  const refused: [what: string, parts: (number | string)[], message: RegExp][] = [
    ['os.system', attack, /^x.pth: pickle at byte 2: global posix.system is not allowed: .*do not trust the file$/],
    ['os.system under another name', ['cos\nsystem\n(U', 2, 'idtR'], /global os.system is not allowed/],
    ['eval', ['c__builtin__\neval\n', 'U', 1, '1', 0x85, 'R'], /global __builtin__.eval is not allowed/],
    [
      'another function from torch',
      ['ctorch.hub\nload\n', 'U', 1, '1', 0x85, 'R'],
      /global torch.hub.load is not allowed/,
    ],
    [
      'a name that every object has',
      ['cconstructor\nconstructor\n)R'],
      /global constructor.constructor is not allowed/,
    ],
    ['a class that only looks like a module', ['c__torch__x\nA\n)', 0x81], /global __torch__x.A is not allowed/],
    ['INST', ['(U', 2, 'id', 'iposix\nsystem\n'], /opcode INST \(0x69\) is not allowed/],
    ['OBJ', ['(cposix\nsystem\no'], /global posix.system/],
    ['STACK_GLOBAL', [0x8c, 2, 'os', 0x8c, 6, 'system', 0x93], /opcode SHORT_BINUNICODE \(0x8c\) is not allowed/],
    ['EXT1', [0x82, 1], /opcode EXT1 \(0x82\) is not allowed/],
    ['an opcode that does not exist', [0xff], /opcode unknown \(0xff\) is not allowed/],
    ['a call of a storage type', ['ctorch\nFloatStorage\n)R'], /call is not allowed: .*got torch.FloatStorage/],
    ['a call of a module class', ['c__torch__\nA\n)R'], /call is not allowed: .*got __torch__.A/],
    ['a call of a number', ['K', 1, ')R'], /call is not allowed/],
    ['NEWOBJ of a function', ['ccollections\nOrderedDict\n)', 0x81], /object is not allowed/],
    ['NEWOBJ with arguments', ['c__torch__\nA\n', 'K', 1, 0x85, 0x81], /object is not allowed/],
    ['BUILD of a list', [']}b'], /state is not allowed/],
    [
      'a tensor as a key',
      ['}', ...tensor(['K', 0], [')'], [')']), 'Ns'],
      /dictionary key is not supported: .*got a tensor/,
    ],
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
    [
      'a storage of an unknown type',
      ['(', ...str('storage'), 'ccollections\nOrderedDict\n', ...str('0'), ...str('cpu'), 'K', 6, 'tQ'],
      /persistent id is broken/,
    ],
    ['an empty stack', ['0'], /opcode POP/],
    ['a value that is missing', [0x86], /stack is broken: expected 2 values, got 0/],
    ['values taken from before a mark', ['K', 1, 'K', 2, '(K', 3, 0x86], /stack is broken: expected 2 values, got 1/],
    ['a mark that is missing', ['t'], /expected a mark/],
    ['a memo that is empty', ['h', 9], /memo is broken: expected a value at 9/],
    ['items without a partner', ['}(K', 1, 'u'], /items are broken/],
    ['text that is not UTF-8', ['U', 1, 0xff], /text is broken: expected UTF-8/],
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
