// c[z] = act(op(a[z]) · op(b[z]) + bias) + residual for GPUs: tiles of a and b in workgroup memory.
//
// A workgroup of 16 x 16 threads owns 16*TM rows x 16*TN columns; a thread keeps TM x TN sums, its rows and columns
// 16 apart so that neighbours read neighbours. Element (m, k) of a is at m*lda + k, with TRANS_A at k*lda + m;
// element (k, n) of b at k*ldb + n, with TRANS_B at n*ldb + k. With HALF b holds two f16 a word along its rows.
// MAXIMA: c holds the largest value of each row and its column instead, [rows, column blocks, 2].
// Tiles are zero beyond m, n and k; stores are guarded. Grid: x = column blocks, y = row blocks, z = batch.
const TM: u32 = 4u;
const TN: u32 = 4u;
const BK: u32 = 16u;
const HALF: bool = false;
const TRANS_A: bool = false;
const TRANS_B: bool = true;
const BIAS: bool = false;
const RESIDUAL: bool = false;
const ACT: u32 = 0u;
const MAXIMA: bool = false;

struct Params {
  m: u32,
  n: u32,
  k: u32,
  lda: u32,
  ldb: u32,
  a_batch: u32,
  b_batch: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<u32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> residual: array<f32>;
@group(0) @binding(5) var<storage, read_write> c: array<f32>;

const BM = 16u * TM;
const BN = 16u * TN;
const LOWEST = -3.4028234e38;
const HELD = select(0u, 16u * BM, MAXIMA); // maxima of the rows and their columns, of every thread, in the tiles' memory
// One word of padding a row: threads that store a transposed tile hit different banks.
var<workgroup> ta: array<f32, max(BK * (BM + 1u), HELD)>;
var<workgroup> tb: array<f32, max(BK * (BN + 1u), HELD)>;

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

fn read_a(z: u32, m: u32, k: u32) -> f32 {
  if (m >= p.m || k >= p.k) { return 0.0; }
  return a[z * p.a_batch + select(m * p.lda + k, k * p.lda + m, TRANS_A)];
}

fn read_b(z: u32, k: u32, n: u32) -> f32 {
  if (n >= p.n || k >= p.k) { return 0.0; }
  let at = z * p.b_batch + select(k * p.ldb + n, n * p.ldb + k, TRANS_B);
  if (HALF) {
    let both = unpack2x16float(b[at / 2u]);
    return select(both.x, both.y, (at & 1u) == 1u);
  }
  return bitcast<f32>(b[at]);
}

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_id) tid: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let row0 = wid.y * BM;
  let col0 = wid.x * BN;
  var acc: array<f32, TM * TN>;
  for (var k0 = 0u; k0 < p.k; k0 += BK) {
    for (var i = lid; i < BK * BM; i += 256u) {
      // Consecutive threads walk along whichever axis is contiguous in memory.
      let m = select(i / BK, i % BM, TRANS_A);
      let k = select(i % BK, i / BM, TRANS_A);
      ta[k * (BM + 1u) + m] = read_a(wid.z, row0 + m, k0 + k);
    }
    for (var i = lid; i < BK * BN; i += 256u) {
      let n = select(i % BN, i / BK, TRANS_B);
      let k = select(i / BN, i % BK, TRANS_B);
      tb[k * (BN + 1u) + n] = read_b(wid.z, k0 + k, col0 + n);
    }
    workgroupBarrier();
    for (var k = 0u; k < BK; k++) {
      var x = array<f32, TM>();
      for (var r = 0u; r < TM; r++) { x[r] = ta[k * (BM + 1u) + r * 16u + tid.y]; }
      for (var t = 0u; t < TN; t++) {
        let w = tb[k * (BN + 1u) + t * 16u + tid.x];
        for (var r = 0u; r < TM; r++) { acc[r * TN + t] += x[r] * w; }
      }
    }
    workgroupBarrier();
  }
  if (MAXIMA) {
    for (var r = 0u; r < TM; r++) {
      var best = vec2f(LOWEST, 0.0);
      for (var t = 0u; t < TN; t++) {
        let col = col0 + t * 16u + tid.x;
        if (col < p.n) { best = larger(best, vec2f(acc[r * TN + t], f32(col))); }
      }
      ta[(r * 16u + tid.y) * 16u + tid.x] = best.x;
      tb[(r * 16u + tid.y) * 16u + tid.x] = best.y;
    }
    workgroupBarrier();
    if (lid >= BM || row0 + lid >= p.m) { return; }
    var best = vec2f(LOWEST, 0.0);
    for (var i = 16u * lid; i < 16u * lid + min(16u, p.n - col0); i++) { best = larger(best, vec2f(ta[i], tb[i])); }
    let at = 2u * ((wid.z * p.m + row0 + lid) * ((p.n + BN - 1u) / BN) + wid.x);
    c[at] = best.x;
    c[at + 1u] = best.y;
    return;
  }
  for (var t = 0u; t < TN; t++) {
    let col = col0 + t * 16u + tid.x;
    if (col >= p.n) { continue; }
    let add = bias_of(col);
    for (var r = 0u; r < TM; r++) {
      let row = row0 + r * 16u + tid.y;
      if (row >= p.m) { break; }
      store(wid.z, row, col, acc[r * TN + t] + add);
    }
  }
}
