/**
 * What pre-training starts from. A vision transformer has to find out that a defect is what differs from the rest of its
 * picture, and takes long to: here it starts near a network that measures just that.
 *
 * - The patch embedding is a discrete cosine transform: low frequencies of brightness and of two colour differences.
 * - Attention starts almost even and takes the mean of all tokens away from each (values times the identity, output minus).
 * - Hidden units come in pairs of opposite sign with one output, so that a block's first answer is even: how much, not
 *   which way.
 */
import { synth } from '../../dist/io/synth.js';

/** Directions of brightness, red against green, and yellow against blue. */
const COLOURS = [
  [1, 1, 1],
  [1, -1, 0],
  [0.5, 0.5, -1],
].map((c) => c.map((v) => v / Math.hypot(...c)));

/**
 * Filters [width, 3, patch, patch]: five eighths of them brightness, the rest shared by the two colour differences, each
 * kind from its lowest frequency on.
 * @param {number} width @param {number} patch
 */
export function cosineFilters(width, patch) {
  const wave = (/** @type {number} */ u, /** @type {number} */ x) =>
    Math.cos((Math.PI * (x + 0.5) * u) / patch) * Math.sqrt((u === 0 ? 1 : 2) / patch);
  const order = Array.from({ length: patch * patch }, (_, i) => [Math.floor(i / patch), i % patch]).sort(
    ([u = 0, v = 0], [s = 0, t = 0]) => u * u + v * v - s * s - t * t || u - s,
  );
  const bright = Math.floor((width * 5) / 8);
  const first = Math.floor((width - bright) / 2);
  const kinds = [bright, first, width - bright - first].flatMap((n, c) => order.slice(0, n).map(([u, v]) => [c, u, v]));
  const area = patch * patch;
  const out = new Float32Array(width * 3 * area);
  kinds.forEach(([c = 0, u = 0, v = 0], i) => {
    for (let ch = 0; ch < 3; ch++) {
      for (let p = 0; p < area; p++) {
        const value = wave(u, Math.floor(p / patch)) * wave(v, p % patch);
        out[(i * 3 + ch) * area + p] = 0.5 * value * (COLOURS[c]?.[ch] ?? 0);
      }
    }
  });
  return out;
}

/** n x n, `on` times the identity plus noise. @param {number} n @param {number} on @param {Float32Array} noise */
function nearIdentity(n, on, noise) {
  return noise.map((v, i) => v + (i % (n + 1) === 0 ? on : 0));
}

/**
 * Weights of the model by name, [shape of CLIP's files] row-major.
 * @param {import('../../dist/io/clip_names.js').ClipTensors} base gives the shapes, and what is said nowhere here
 * @param {import('../../dist/model/config.js').ClipConfig} config
 * @param {readonly number[]} kept ids of the token table's rows
 * @param {number} seed
 * @returns {import('../../dist/io/clip_names.js').ClipTensors}
 */
export function initialWeights(base, config, kept, seed) {
  const w = config.visionWidth;
  const noise = (/** @type {string} */ name, /** @type {number[]} */ shape, /** @type {number} */ std) =>
    synth(seed, `initial ${name}`, shape, std);
  /** @type {(name: string) => Promise<Float32Array>} */
  const readF32 = async (name) => {
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
      case 'mlp.c_fc.weight': {
        const half = noise(name, [2 * w, w], 2 / Math.sqrt(w));
        const all = new Float32Array(4 * w * w);
        all.set(half);
        all.set(
          half.map((v) => -v),
          2 * w * w,
        );
        return all;
      }
      case 'mlp.c_proj.weight': {
        const half = noise(name, [w, 2 * w], 0.3 / Math.sqrt(2 * w));
        const all = new Float32Array(4 * w * w);
        for (let r = 0; r < w; r++) {
          const row = half.subarray(r * 2 * w, (r + 1) * 2 * w);
          all.set(row, r * 4 * w);
          all.set(row, r * 4 * w + 2 * w);
        }
        return all;
      }
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
