/** Calibrations: the metadata is damaged as text, or any byte is. */
import {
  type Calibration,
  checkCalibration,
  encodeCalibration,
  openCalibration,
  ruleOf,
} from '#src/detect/calibration';
import type { ModelIdentity } from '#src/detect/model_identity';
import { openTensorSource } from '#src/io/open_tensors';
import { toWrite, writeSafetensors } from '#src/io/safetensors_writer';
import { bytesSource } from '#src/io/source';
import { mutate } from '../mutate.js';
import type { FuzzTarget } from '../target.js';

const FILE = 'calibration_nut.safetensors';
const KEY = 'aaclip_calibration';

const MODEL: ModelIdentity = {
  ...{ weights: 'ab12', adapters: '', method: 'aa_clip', imageSize: 56, levels: [1, 4], activation: 'quickgelu' },
  ...{ textMix: 0.1, imageMix: 0.1, tile: { size: 56, overlap: 14 } },
};
const VALUES = Uint16Array.from({ length: 12 }, (_, i) => 0x3000 + i);

const NUT: Calibration = {
  ...{ className: 'nut', words: 'metal nut', domain: 'Industrial', model: MODEL, good: 9, faulty: 0 },
  combination: { zeroShot: { mean: -3, weight: 0.5 }, distance: { mean: 0.2, weight: 9 } },
  scale: { good: -1, threshold: 2.5, faulty: 6 },
  rule: {
    ...{ kind: 'false_alarms', wanted: 0.01, kept: false, expected: 0.1, interval: [0.01, 0.3], confidence: 0.95 },
  },
  references: new Map([
    [0, { values: VALUES, width: 4 }],
    [1, { values: VALUES, width: 3 }],
  ]),
};
const SEEDS: readonly Calibration[] = [
  NUT,
  { ...NUT, faulty: 4, rule: { kind: 'f1_max', f1: 0.9, falseAlarms: 1, missed: 0 } },
  { ...NUT, combination: { zeroShot: { mean: -3, weight: 1 } }, references: new Map() },
];

async function whole(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return new Uint8Array(Buffer.concat(all));
}

/** Where the text of the metadata is in a file: what is damaged there is still read as a calibration, often. */
function textOf(file: Uint8Array): readonly [number, number] {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = Buffer.from(file.subarray(8, 8 + length)).toString('latin1');
  const start = header.indexOf(KEY);
  return [8 + start, 8 + header.indexOf('}"', start)];
}

export const calibrations: FuzzTarget = {
  name: 'calibrations',
  file: FILE,
  seeds: async () => [
    ...(await Promise.all(SEEDS.map((seed) => whole(encodeCalibration(seed))))),
    ...(await Promise.all(
      ['null', '3', '[]', '{}', '{"format":2}', '{"format":1}', '{"format":"a\\nb"}'].map((text) =>
        whole(
          writeSafetensors([toWrite('a', { dtype: 'F16', shape: [1], bytes: new Uint8Array(2) })], { [KEY]: text }),
        ),
      ),
    )),
  ],
  make(rng, seeds) {
    const seed = rng.pick(seeds);
    if (rng.chance(0.3)) return mutate(rng, seed, seeds);
    // Of the same length, so that the header stays one: characters change their places, or become others.
    const out = seed.slice();
    const [from, to] = textOf(seed);
    for (let i = 1 + rng.int(3); i > 0; i--) {
      const at = from + rng.int(Math.max(1, to - from));
      out[at] = rng.chance(0.5) ? out[from + rng.int(Math.max(1, to - from))]! : 0x20 + rng.int(95);
    }
    return out;
  },
  async run(input) {
    const calibration = await openCalibration(await openTensorSource(bytesSource(FILE, input)));
    ruleOf(calibration);
    checkCalibration(calibration, [NUT], MODEL, FILE);
  },
};
