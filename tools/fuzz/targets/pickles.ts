/** Pickles made of any opcodes in any order, in an archive with storages for their tensors. */
import type { Rng } from '../../pictures/rng.js';
import { storedZip } from '../stored_zip.js';
import type { FuzzTarget } from '../target.js';
import { runWeights } from '../weights.js';

const FILE = 'weights.ckpt';

const GLOBALS = [
  'ctorch._utils\n_rebuild_tensor_v2\n',
  'ctorch._utils\n_rebuild_parameter\n',
  'ctorch._tensor\n_rebuild_from_type_v2\n',
  'ctorch\nFloatStorage\n',
  'ctorch\nLongStorage\n',
  'ctorch\nComplexFloatStorage\n',
  'ccollections\nOrderedDict\n',
  'ccollections\ndefaultdict\n',
  'ccopy_reg\n_reconstructor\n',
  'cos\nsystem\n',
  'c__torch__.a\nB\n',
  'c__builtin__\nset\n',
];
const STORAGE = '(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuK\x04tQ';
const TENSOR = `ctorch._utils\n_rebuild_tensor_v2\n(${STORAGE}K\x00K\x02K\x02\x86K\x02K\x01\x86\x89}tR`;
const PIECES = [
  ...GLOBALS,
  STORAGE,
  TENSOR,
  TENSOR,
  ...['N', '\x88', 'K\x00', 'K\x04', 'M\xff\xff', 'J\xff\xff\xff\xff', '\x8a\x01\xff', 'G\x7f\xf0\0\0\0\0\0\0'],
  ...['U\x01a', 'U\x03a.b', 'U\x01\n', 'X\x02\0\0\0\xc3\xa9', '\x8c\x01b', 'C\x02ab', 'U\x09__proto__'],
  ...['(', '(', 't', ')', ']', '}', '\x8f', '\x85', '\x86', '\x87', 'a', 'e', 's', 'u', '\x90', '\x91'],
  ...['R', 'b', '\x81', '\x92', '\x93', 'Q', '0', '1', '2', '\x94', 'q\x00', 'q\x01', 'h\x00', 'h\x01'],
];

/** Values that are put into a dictionary at the end, so that there is something to find. */
function makePickle(rng: Rng): string {
  let body = '';
  for (let i = rng.int(60); i > 0; i--) body += rng.pick(PIECES);
  // Lists that hold the one before, and something of it, many times.
  if (rng.chance(0.1)) body += `${rng.pick([TENSOR, ']', '}'])}q\x00${'](h\x00h\x00eq\x00'.repeat(rng.int(40))}`;
  if (rng.chance(0.1)) body = body.repeat(1 + rng.int(20));
  const end = rng.chance(0.7) ? `N}(U\x01x${TENSOR}U\x01yh\x00u` : '';
  return `\x80\x02${rng.chance(0.5) ? '}q\x000' : ''}${body}${end}.`;
}

export const pickles: FuzzTarget = {
  name: 'pickles',
  file: FILE,
  seeds: async () => [],
  make: (rng) =>
    storedZip([
      { name: 'a/data.pkl', bytes: Uint8Array.from(makePickle(rng), (c) => c.charCodeAt(0)) },
      { name: 'a/data/0', bytes: new Uint8Array(16) },
    ]),
  run: runWeights(FILE),
};
