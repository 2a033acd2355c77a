// c[z] = act(op(a[z]) · op(b[z]) + bias) + residual for GPUs: two-level blocks of f32 sums, four values a load.
//
// A workgroup of TX x TY threads owns 4*TY*RM rows x 4*TX*RN columns. BK values of k at a time lie in its memory, one
// row of each operand for every k, so that the inner loop reads vectors and nothing else: a thread keeps RM x RN blocks
// of 4 x 4 sums, its blocks 4*TY rows and 4*TX columns apart, and does 16 multiply-adds for every vector it reads of
// a (2 x 2 blocks: 64 for 4 reads). The values of the next step are loaded into registers before the sums of this one.
// A unit of staging is a 4 x 4 square, turned in registers where memory runs along k. a is [M, K], with TRANS_A [K, M];
// b is [K, N], with TRANS_B [N, K]; with HALF two f16 share a word. Rows along k need K % 4 = 0, rows along m or n need
// M or N % 4 = 0, and c needs N % 4 = 0. Squares beyond k are zero; rows and columns beyond m and n repeat the last.
// NORM: rows of a are normalised as they are staged, from their moments by parts of `width` columns.
// MOMENTS: the moments of c's rows, a part a workgroup; one product does not do both, so they share a binding.
// MAXIMA: there the largest value of each row and its column instead, a part a workgroup, and c is not written.
// 128 x 128 sums, BK 16: 64 registers of sums, 16 of the next step (24 with NORM), 12 of vectors: below 128, so two
// workgroups of 256 share 64 Ki registers. Memory: 16 BK (RM TY + RN TX + 2) bytes, a vector of skew a row.
// Grid: x = column blocks, y = row blocks, z = batch.
const TX: u32 = 16u;
const TY: u32 = 16u;
const RM: u32 = 2u;
const RN: u32 = 2u;
const BK: u32 = 16u;
const HALF: bool = false;
const TRANS_A: bool = false;
const TRANS_B: bool = true;
const NORM: bool = false;
const MOMENTS: bool = false;
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
  width: u32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec2u>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read> residual: array<vec4f>;
@group(0) @binding(5) var<storage, read> norm_weight: array<vec4f>;
@group(0) @binding(6) var<storage, read> norm_bias: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> moments: array<vec2f>;
@group(0) @binding(8) var<storage, read_write> c: array<vec4f>;

const WG = TX * TY;
const AQ = TY * RM; // rows of a workgroup by four
const BQ = TX * RN; // columns of a workgroup by four
const KQ = BK / 4u;
const LDA = AQ + 1u;
const LDB = BQ + 1u;
const AT_B = BK * LDA;
const A_UNITS = AQ * KQ;
const UNITS = A_UNITS + BQ * KQ;
const TURNS = (UNITS + WG - 1u) / WG;
const KEPT = select(4u, 6u, NORM); // vectors a thread loads for a unit
const TILE = BK * (LDA + LDB);
const LOWEST = -3.4028234e38;
var<workgroup> tile: array<vec4f, max(TILE, select(0u, 2u * AQ * TX, MOMENTS || MAXIMA))>;
var<workgroup> stats: array<vec2f, select(1u, 4u * AQ, NORM)>; // mean and 1 / deviation of the rows of a

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

// The larger of two values, each with its column; of equal ones that of the lower column. A row of NaN stays one.
fn larger(a: vec2f, b: vec2f) -> vec2f {
  return select(b, a, b.x < a.x || (b.x == a.x && b.y >= a.y));
}

// Four values of a from (row, k) on, along its rows; zero beyond k.
fn quad_of_a(z: u32, row: u32, k: u32) -> vec4u {
  if (k >= p.k) { return vec4u(); }
  let at = select(min(row, p.m - 1u) * p.k + k, k * p.m + min(row, p.m - 4u), TRANS_A);
  return bitcast<vec4u>(a[(z * p.a_batch + at) / 4u]);
}

// Four values of b from (k, col) on, along its rows, as they are stored; zero beyond k.
fn quad_of_b(z: u32, col: u32, k: u32) -> vec4u {
  if (k >= p.k) { return vec4u(); }
  let at = z * p.b_batch + select(k * p.n + min(col, p.n - 4u), min(col, p.n - 1u) * p.k + k, TRANS_B);
  if (HALF) { return vec4u(b[at / 4u], 0u, 0u); }
  return vec4u(b[at / 2u], b[at / 2u + 1u]);
}

// Loads what this thread will stage of step k0. Consecutive threads walk along the rows in memory.
fn fetch(wid: vec3u, lid: u32, k0: u32) -> array<vec4u, KEPT * TURNS> {
  var kept: array<vec4u, KEPT * TURNS>;
  for (var j = 0u; j < TURNS; j++) {
    let u = lid + j * WG;
    if (u < A_UNITS) {
      let row = 4u * (wid.y * AQ + select(u / KQ, u % AQ, TRANS_A));
      let k = k0 + 4u * select(u % KQ, u / AQ, TRANS_A);
      for (var e = 0u; e < 4u; e++) {
        kept[j * KEPT + e] = quad_of_a(wid.z, row + select(e, 0u, TRANS_A), k + select(0u, e, TRANS_A));
      }
      if (NORM && k < p.k) {
        kept[j * KEPT + 4u] = bitcast<vec4u>(norm_weight[k / 4u]);
        kept[j * KEPT + KEPT - 1u] = bitcast<vec4u>(norm_bias[k / 4u]);
      }
    } else if (u < UNITS) {
      let i = u - A_UNITS;
      let col = 4u * (wid.x * BQ + select(i % BQ, i / KQ, TRANS_B));
      let k = k0 + 4u * select(i / BQ, i % KQ, TRANS_B);
      for (var e = 0u; e < 4u; e++) {
        kept[j * KEPT + e] = quad_of_b(wid.z, col + select(0u, e, TRANS_B), k + select(e, 0u, TRANS_B));
      }
    }
  }
  return kept;
}

// Writes a square to the tile, a row for each k, turned where its rows run along k.
fn put(at: u32, ld: u32, v: array<vec4f, 4>, turn: bool) {
  for (var e = 0u; e < 4u; e++) {
    tile[at + e * ld] = select(v[e], vec4f(v[0][e], v[1][e], v[2][e], v[3][e]), turn);
  }
}

// Unpacks what was fetched, normalises it where asked to, and writes it to the tile.
fn stage(lid: u32, kept: array<vec4u, KEPT * TURNS>) {
  for (var j = 0u; j < TURNS; j++) {
    let u = lid + j * WG;
    var v = array<vec4f, 4>();
    if (u < A_UNITS) {
      let quad = select(u / KQ, u % AQ, TRANS_A);
      for (var e = 0u; e < 4u; e++) {
        v[e] = bitcast<vec4f>(kept[j * KEPT + e]);
        if (NORM) {
          let row = stats[4u * quad + e];
          let weight = bitcast<vec4f>(kept[j * KEPT + 4u]);
          v[e] = (v[e] - row.x) * row.y * weight + bitcast<vec4f>(kept[j * KEPT + KEPT - 1u]);
        }
      }
      put(4u * select(u % KQ, u / AQ, TRANS_A) * LDA + quad, LDA, v, !TRANS_A);
    } else if (u < UNITS) {
      let i = u - A_UNITS;
      let quad = select(i % BQ, i / KQ, TRANS_B);
      for (var e = 0u; e < 4u; e++) {
        let word = kept[j * KEPT + e];
        v[e] = bitcast<vec4f>(word);
        if (HALF) { v[e] = vec4f(unpack2x16float(word.x), unpack2x16float(word.y)); }
      }
      put(AT_B + 4u * select(i / BQ, i % KQ, TRANS_B) * LDB + quad, LDB, v, TRANS_B);
    }
  }
}

// Combines the moments of a row of a over its parts (Chan, Golub, LeVeque): its mean and 1 / deviation.
fn row_stats(row: u32) -> vec2f {
  let parts = (p.k + p.width - 1u) / p.width;
  var mean = 0.0;
  for (var i = 0u; i < parts; i++) {
    mean += f32(min(p.width, p.k - i * p.width)) * moments[row * parts + i].x;
  }
  mean /= f32(p.k);
  var squares = 0.0;
  for (var i = 0u; i < parts; i++) {
    let part = moments[row * parts + i];
    squares += part.y + f32(min(p.width, p.k - i * p.width)) * (part.x - mean) * (part.x - mean);
  }
  return vec2f(mean, inverseSqrt(squares / f32(p.k) + p.eps));
}

// How many of this workgroup's columns the threads of column tx hold.
fn columns_of(tx: u32, quad0: u32) -> f32 {
  let left = p.n / 4u - min(p.n / 4u, quad0 + tx);
  return f32(4u * min(RN, (left + TX - 1u) / TX));
}

@compute @workgroup_size(TX, TY)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_id) tid: vec3u, @builtin(local_invocation_index) lid: u32) {
  let quad0 = wid.x * BQ;
  if (NORM) {
    for (var r = lid; r < 4u * AQ; r += WG) { stats[r] = row_stats(wid.z * p.m + min(4u * AQ * wid.y + r, p.m - 1u)); }
  }
  var acc: array<vec4f, 4u * RM * RN>;
  for (var k0 = 0u; k0 < p.k + BK; k0 += BK) {
    // The loads of a step are under way while the sums of the step before are taken; one turn more for the last sums.
    let kept = fetch(wid, lid, k0);
    if (k0 > 0u) {
      for (var k = 0u; k < BK; k++) {
        var x = array<vec4f, RM>();
        for (var r = 0u; r < RM; r++) { x[r] = tile[k * LDA + r * TY + tid.y]; }
        for (var t = 0u; t < RN; t++) {
          let w = tile[AT_B + k * LDB + t * TX + tid.x];
          for (var r = 0u; r < RM; r++) {
            for (var e = 0u; e < 4u; e++) { acc[(4u * r + e) * RN + t] += x[r][e] * w; }
          }
        }
      }
    }
    workgroupBarrier(); // the step before has been read
    if (k0 < p.k) { stage(lid, kept); }
    workgroupBarrier();
  }
  if (MAXIMA) {
    // Every thread gives the maxima of what it holds of four rows; then a thread compares those of four rows. Columns beyond
    // n repeat the last, so they change none.
    for (var r = 0u; r < RM; r++) {
      let at = 2u * ((r * TY + tid.y) * TX + tid.x);
      for (var e = 0u; e < 4u; e++) {
        var best = vec2f(LOWEST, 0.0);
        for (var t = 0u; t < RN; t++) {
          for (var i = 0u; i < 4u; i++) {
            best = larger(best, vec2f(acc[(4u * r + e) * RN + t][i], f32(4u * (quad0 + t * TX + tid.x) + i)));
          }
        }
        tile[at][e] = best.x;
        tile[at + 1u][e] = best.y;
      }
    }
    workgroupBarrier();
    for (var e = 0u; lid < AQ && e < 4u; e++) {
      let row = 4u * (wid.y * AQ + lid) + e;
      var best = vec2f(LOWEST, 0.0);
      for (var i = lid * TX; i < (lid + 1u) * TX; i++) { best = larger(best, vec2f(tile[2u * i][e], tile[2u * i + 1u][e])); }
      if (row < p.m) { moments[(wid.z * p.m + row) * groups.x + wid.x] = best; }
    }
    return;
  }
  for (var r = 0u; r < 4u * RM; r++) {
    let row = 4u * (wid.y * AQ + r / 4u * TY + tid.y) + r % 4u;
    for (var t = 0u; t < RN; t++) {
      let quad = quad0 + t * TX + tid.x;
      if (row >= p.m || quad >= p.n / 4u) { continue; }
      let at = (wid.z * p.m + row) * (p.n / 4u) + quad;
      var v = acc[r * RN + t];
      if (BIAS) { v += bias[quad]; }
      v = vec4f(activate(v.x), activate(v.y), activate(v.z), activate(v.w));
      if (RESIDUAL) { v += residual[at]; }
      c[at] = v;
      acc[r * RN + t] = v;
    }
  }
  if (!MOMENTS) { return; }
  // Every thread gives mean and squares of what it holds of four rows; then a thread combines four rows.
  let held = columns_of(tid.x, quad0);
  for (var r = 0u; r < RM; r++) {
    var mean = vec4f();
    var squares = vec4f();
    for (var e = 0u; e < 4u; e++) {
      for (var t = 0u; 4u * t < u32(held); t++) { mean[e] += dot(acc[(4u * r + e) * RN + t], vec4f(1.0)); }
      mean[e] /= max(held, 1.0);
      for (var t = 0u; 4u * t < u32(held); t++) {
        let off = acc[(4u * r + e) * RN + t] - mean[e];
        squares[e] += dot(off, off);
      }
    }
    let at = 2u * ((r * TY + tid.y) * TX + tid.x);
    tile[at] = mean;
    tile[at + 1u] = squares;
  }
  workgroupBarrier();
  if (lid >= AQ) { return; }
  var mean = vec4f();
  for (var t = 0u; t < TX; t++) { mean += columns_of(t, quad0) * tile[2u * (lid * TX + t)]; }
  mean /= f32(min(4u * BQ, p.n - 4u * quad0));
  var squares = vec4f();
  for (var t = 0u; t < TX; t++) {
    let off = tile[2u * (lid * TX + t)] - mean;
    squares += tile[2u * (lid * TX + t) + 1u] + columns_of(t, quad0) * off * off;
  }
  for (var e = 0u; e < 4u; e++) {
    let row = 4u * (wid.y * AQ + lid) + e;
    if (row < p.m) { moments[(wid.z * p.m + row) * groups.x + wid.x] = vec2f(mean[e], squares[e]); }
  }
}
