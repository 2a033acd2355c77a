// Packs b for matmul.panel.wgsl: [ceil(N / NB)][K to 8][NB] floats, or words of two f16 neighbours along k (HALF).
// The source is row-major: [K, N], or [N, K] with TRANS, of floats, or with SRC_HALF of two f16 a word; with FROM_PANEL it is itself a panel (of SRC_NB columns) of the
// transposed matrix, of `ld` rows, which turns a packed weight around for the backward pass. Columns are taken from
// `first` on. Beyond k and n the panel is zero.
// Grid: one invocation an output word, z = batch.
const WG: u32 = 64u;
const NB: u32 = 32u;
const HALF: bool = false;
const TRANS: bool = false;
const SRC_HALF: bool = false;
const FROM_PANEL: bool = false;
const SRC_NB: u32 = 32u;

struct Params {
  n: u32,
  k: u32,
  ld: u32,
  src_batch: u32,
  words: u32,
  first: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> src: array<u32>;
@group(0) @binding(2) var<storage, read_write> panel: array<u32>;

fn place(z: u32, k: u32, n: u32) -> u32 {
  let m = n + p.first;
  return z * p.src_batch + select(k * p.ld + m, m * p.ld + k, TRANS);
}

fn element(z: u32, k: u32, n: u32) -> f32 {
  if (k >= p.k || n >= p.n) { return 0.0; }
  if (FROM_PANEL) {
    // The source's k is our n and its n our k.
    let rows = select((p.ld + 7u) & 0xfffffff8u, ((p.ld + 7u) & 0xfffffff8u) / 2u, HALF);
    let m = n + p.first;
    let at = (k / SRC_NB * rows + select(m, m / 2u, HALF)) * SRC_NB + k % SRC_NB;
    if (!HALF) { return bitcast<f32>(src[at]); }
    let both = unpack2x16float(src[at]);
    return select(both.x, both.y, (m & 1u) == 1u);
  }
  let at = place(z, k, n);
  if (!SRC_HALF) { return bitcast<f32>(src[at]); }
  let both = unpack2x16float(src[at / 2u]);
  return select(both.x, both.y, (at & 1u) == 1u);
}

// The bits of an element of a source of f16, unchanged.
fn half_bits(z: u32, k: u32, n: u32) -> u32 {
  if (k >= p.k || n >= p.n) { return 0u; }
  let at = place(z, k, n);
  return (src[at / 2u] >> (16u * (at & 1u))) & 0xffffu;
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.words) { return; }
  let k8 = (p.k + 7u) & 0xfffffff8u;
  let rows = select(k8, k8 / 2u, HALF);
  let n = i / (rows * NB) * NB + i % NB;
  let k = i / NB % rows;
  var word = bitcast<u32>(element(gid.z, k, n));
  if (HALF && SRC_HALF) {
    word = half_bits(gid.z, 2u * k, n) | (half_bits(gid.z, 2u * k + 1u, n) << 16u);
  } else if (HALF) {
    word = pack2x16float(vec2f(element(gid.z, 2u * k, n), element(gid.z, 2u * k + 1u, n)));
  }
  panel[gid.z * p.words + i] = word;
}
