// c[z] = act(a[z] · b[z] + bias) + residual for adapters that run a subgroup as one CPU vector.
//
// A subgroup owns TM rows x TN*SG columns and keeps all sums in registers. b comes packed by pack_panel.wgsl:
// [ceil(N / (TN*SG))][K to 8][TN*SG] floats, or half as many words of two f16 neighbours along k (HALF). Each lane
// loads one k of a row of a; literal broadcasts hand it to all columns. No workgroup memory, no barrier.
// MAXIMA: c holds the largest value of each row and its column instead, [rows, column blocks, 2].
// Rows beyond m are clamped on load and guarded on store; panels are zero beyond k and n.
// Grid: x = column blocks, y = row blocks of WG/SG subgroups, z = batch.
enable subgroups;
diagnostic(off, subgroup_uniformity); // lid / SG is the same in all lanes of a subgroup, which the analysis cannot see
const WG: u32 = 64u;
const SG: u32 = 8u;
const TM: u32 = 8u;
const TN: u32 = 4u;
const HALF: bool = false;
const BIAS: bool = false;
const RESIDUAL: bool = false;
const ACT: u32 = 0u;
const MAXIMA: bool = false;

struct Params {
  m: u32,
  n: u32,
  k: u32,
  a_batch: u32,
  b_batch: u32,
  // Equal to TN: a bound the compiler cannot see keeps the last loop rolled.
  vectors: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<u32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read_write> c: array<f32>;

const NB = TN * SG;
const LOWEST = -3.4028234e38;

// erf(|x|) = 1 - exp(-t q(t)): q fitted to -log(erfc(t)) / t on [0, 3.95]; within 1.2e-7 in float32.
fn erf(x: f32) -> f32 {
  let t = min(abs(x), 3.95);
  var q = 3.1441763e-5;
  q = q * t - 3.0881359e-4;
  q = q * t + 1.03243347e-3;
  q = q * t + 5.36889012e-4;
  q = q * t - 1.95839275e-2;
  q = q * t + 1.02919601e-1;
  q = q * t + 6.36597753e-1;
  q = q * t + 1.1283803;
  return sign(x) * (1.0 - exp(-t * q));
}

// 1 GELU with erf, 2 QuickGELU, 3 LeakyReLU of slope 0.01, else the value itself.
fn activate(x: f32) -> f32 {
  if (ACT == 1u) { return 0.5 * x * (1.0 + erf(x * 0.70710678)); }
  if (ACT == 2u) { return x / (1.0 + exp(-1.702 * x)); }
  if (ACT == 3u) { return select(0.01 * x, x, x > 0.0); }
  return x;
}

// The bias of a column.
fn bias_of(col: u32) -> f32 {
  if (BIAS) { return bias[col]; }
  return 0.0;
}

// Writes an element of c: activation, then residual.
fn store(z: u32, row: u32, col: u32, sum: f32) {
  let at = (z * p.m + row) * p.n + col;
  var v = activate(sum);
  if (RESIDUAL) { v += residual[at]; }
  c[at] = v;
}

// The larger of two values, each with its column; of equal ones that of the lower column. A row of NaN stays one.
fn larger(a: vec2f, b: vec2f) -> vec2f {
  return select(b, a, b.x < a.x || (b.x == a.x && b.y >= a.y));
}

// Two neighbours along k of one column of the panel.
fn pair(at: u32) -> vec2f {
  if (HALF) { return unpack2x16float(b[at]); }
  return bitcast<vec2f>(vec2u(b[at], b[at + NB]));
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32,
        @builtin(subgroup_invocation_id) lane: u32) {
  let row0 = (wid.y * (WG / SG) + lid / SG) * TM;
  if (row0 >= p.m) { return; }
  let k8 = (p.k + 7u) & 0xfffffff8u;
  let words = select(k8, k8 / 2u, HALF) * NB;
  let per_pair = select(2u * NB, NB, HALF);
  let panel = wid.z * p.b_batch + wid.x * words + lane;
  let a0 = wid.z * p.a_batch;
  var acc: array<array<f32, TN>, TM>; // drivers unroll a loop whose index runs over a whole array
  var ar: array<f32, TM>;
  var w: array<vec2f, TN>;
  for (var k = 0u; k < p.k; k += 8u) {
    // SG = 4 takes two rounds of four k, SG = 8 one round of eight.
    for (var h = 0u; h < 8u; h += SG) {
      let kk = min(k + h + lane, p.k - 1u);
      for (var r = 0u; r < TM; r++) {
        let row = min(row0 + r, p.m - 1u);
        ar[r] = a[a0 + row * p.k + kk];
      }
      let base = panel + (k + h) / 2u * per_pair;
      for (var t = 0u; t < TN; t++) { w[t] = pair(base + t * SG); }
      for (var r = 0u; r < TM; r++) {
        let x = subgroupBroadcast(ar[r], 0u);
        let y = subgroupBroadcast(ar[r], 1u);
        for (var t = 0u; t < TN; t++) { acc[r][t] += x * w[t].x + y * w[t].y; }
      }
      for (var t = 0u; t < TN; t++) { w[t] = pair(base + per_pair + t * SG); }
      for (var r = 0u; r < TM; r++) {
        let x = subgroupBroadcast(ar[r], 2u);
        let y = subgroupBroadcast(ar[r], 3u);
        for (var t = 0u; t < TN; t++) { acc[r][t] += x * w[t].x + y * w[t].y; }
      }
      if (SG == 8u) {
        for (var t = 0u; t < TN; t++) { w[t] = pair(base + 2u * per_pair + t * SG); }
        for (var r = 0u; r < TM; r++) {
          let x = subgroupBroadcast(ar[r], 4u);
          let y = subgroupBroadcast(ar[r], 5u);
          for (var t = 0u; t < TN; t++) { acc[r][t] += x * w[t].x + y * w[t].y; }
        }
        for (var t = 0u; t < TN; t++) { w[t] = pair(base + 3u * per_pair + t * SG); }
        for (var r = 0u; r < TM; r++) {
          let x = subgroupBroadcast(ar[r], 6u);
          let y = subgroupBroadcast(ar[r], 7u);
          for (var t = 0u; t < TN; t++) { acc[r][t] += x * w[t].x + y * w[t].y; }
        }
      }
    }
  }
  if (MAXIMA) {
    for (var r = 0u; r < min(p.m - row0, TM); r++) {
      var best = vec2f(LOWEST, 0.0);
      for (var t = 0u; t < p.vectors; t++) {
        let col = wid.x * NB + t * SG + lane;
        if (col < p.n) { best = larger(best, vec2f(acc[r][t], f32(col))); }
      }
      for (var d = SG / 2u; d > 0u; d >>= 1u) { best = larger(best, subgroupShuffleXor(best, d)); }
      if (lane > 0u) { continue; }
      let at = 2u * ((wid.z * p.m + row0 + r) * ((p.n + NB - 1u) / NB) + wid.x);
      c[at] = best.x;
      c[at + 1u] = best.y;
    }
    return;
  }
  // Rolled: an activation unrolled for every sum slows down even the loop above.
  for (var t = 0u; t < p.vectors; t++) {
    let col = wid.x * NB + t * SG + lane;
    if (col >= p.n) { continue; }
    let add = bias_of(col);
    for (var r = 0u; r < min(p.m - row0, TM); r++) { store(wid.z, row0 + r, col, acc[r][t] + add); }
  }
}
