/**
 * The initial weights of pre-training. A defect differs from the rest of its picture; a vision transformer takes long
 * to discover that, so this one starts near a network that measures such differences.
 *
 * - The patch embedding is a discrete cosine transform: low frequencies of brightness and of two colour differences.
 * - Attention starts almost even and subtracts the mean of all tokens from each (values times the identity, output
 *   negated).
 * - Hidden units come in pairs of opposite sign with one output, so that a block's initial response is even: it says
 *   how much something differs, not in which direction.
 */
import { type ClipConfig, type ClipTensors, synth } from '#src/node/node';

/** Directions of brightness, red against green, and yellow against blue. */
const COLOURS: readonly (readonly number[])[] = [
  [1, 1, 1],
  [1, -1, 0],
  [0.5, 0.5, -1],
].map((c) => c.map((v) => v / Math.hypot(...c)));

/**
 * Filters [width, 3, patch, patch]: five eighths of them see brightness, the rest is shared by the two colour
 * differences; each kind begins with its lowest frequency.
 */
export function cosineFilters(width: number, patch: number): Float32Array {
  const wave = (u: number, x: number) =>
    Math.cos((Math.PI * (x + 0.5) * u) / patch) * Math.sqrt((u === 0 ? 1 : 2) / patch);
  const order = Array.from({ length: patch * patch }, (_, i): [number, number] => [
    Math.floor(i / patch),
    i % patch,
  ]).sort(([u, v], [s, t]) => u * u + v * v - s * s - t * t || u - s);
  const bright = Math.floor((width * 5) / 8);
  const first = Math.floor((width - bright) / 2);
  const kinds = [bright, first, width - bright - first].flatMap((n, c) =>
    order.slice(0, n).map(([u, v]) => [c, u, v] as const),
  );
  const area = patch * patch;
  const out = new Float32Array(width * 3 * area);
  kinds.forEach(([c, u, v], i) => {
    for (let ch = 0; ch < 3; ch++) {
      for (let p = 0; p < area; p++) {
        const value = wave(u, Math.floor(p / patch)) * wave(v, p % patch);
        out[(i * 3 + ch) * area + p] = 0.5 * value * COLOURS[c]![ch]!;
      }
    }
  });
  return out;
}

/** `on` times the identity plus noise, [n, n]. */
function nearIdentity(n: number, on: number, noise: Float32Array): Float32Array {
  return noise.map((v, i) => v + (i % (n + 1) === 0 ? on : 0));
}

/** A matrix, and below it the same matrix negated. */
function mirrored(half: Float32Array): Float32Array {
  const all = new Float32Array(2 * half.length);
  all.set(half);
  all.set(
    half.map((v) => -v),
    half.length,
  );
  return all;
}

/** Each row of a matrix [w, 2 w] twice, one after the other: [w, 4 w]. */
function doubled(half: Float32Array, w: number): Float32Array {
  const all = new Float32Array(2 * half.length);
  for (let r = 0; r < w; r++) {
    const row = half.subarray(r * 2 * w, (r + 1) * 2 * w);
    all.set(row, r * 4 * w);
    all.set(row, r * 4 * w + 2 * w);
  }
  return all;
}

/**
 * Weights of the model by name, in the row-major shapes of CLIP's files.
 * @param base gives the shapes, and the values of the tensors that are not set here
 * @param kept ids of the token table's rows
 */
export function initialWeights(
  base: ClipTensors,
  config: ClipConfig,
  kept: readonly number[],
  seed: number,
): ClipTensors {
  const w = config.visionWidth;
  const noise = (name: string, shape: readonly number[], std: number) => synth(seed, `initial ${name}`, shape, std);
  const readF32 = async (name: string): Promise<Float32Array> => {
    if (name === 'token_ids') return Float32Array.from(kept);
    if (name === 'visual.conv1.weight') return cosineFilters(w, config.patch);
    const block = /^visual\.transformer\.resblocks\.(\d+)\.(.*)$/.exec(name);
    const layer = Number(block?.[1] ?? 0);
    switch (block?.[2]) {
      case 'attn.in_proj_weight': {
        const all = new Float32Array(3 * w * w);
        all.set(noise(name, [2 * w, w], 0.2 / Math.sqrt(w)));
        all.set(nearIdentity(w, 1, noise(`${name} values`, [w, w], 0.02)), 2 * w * w);
        return all;
      }
      case 'attn.out_proj.weight':
        return nearIdentity(w, layer === 0 ? -1 : -0.5, noise(name, [w, w], 0.02));
      case 'mlp.c_fc.weight':
        return mirrored(noise(name, [2 * w, w], 2 / Math.sqrt(w)));
      case 'mlp.c_proj.weight':
        return doubled(noise(name, [w, 2 * w], 0.3 / Math.sqrt(2 * w)), w);
    }
    if (name === 'visual.proj') return noise(name, [w, config.embed], 1 / Math.sqrt(w));
    const data = await base.readF32(name);
    if (/ln_\w+\.weight$/.test(name)) return data.fill(1);
    if (/bias$/.test(name)) return data.fill(0);
    if (/embedding/.test(name)) return data.map((v) => v * (name.startsWith('visual') ? 0.05 : 0.1));
    return data;
  };
  return { ...base, readF32, has: (name) => name === 'token_ids' || base.has(name) };
}
