// c[z] = act(norm(a[z]) · op(b[z]) + bias) + residual on matrix units, which multiply f16 and add up in f32.
//
// Subgroups stand SGM x SGN in a workgroup; each owns FM x FN result matrices of MM x MN, in registers. For every BK of k the
// workgroup splits its rows of a, and its columns of b, into f16 planes in workgroup memory: x = hi + lo, with hi = f16(x)
// and lo = f16(x - hi), 22 bits together. A_TERMS = 2 adds up hi·hi + lo·hi, and B_TERMS = 2 (b not exact in f16) hi·lo as
// well; with one term each this is a plain f16 product. The next BK is fetched into registers while this one is multiplied.
//
// Everything moves in words of eight f16 (16 bytes), so k is a multiple of 8; n is one of 4, of 8 with B_ROWS_K. b holds rows
// [N, K], or with B_ROWS_K [K, N]; two f16 a word with HALF, else f32. B_DIRECT loads matrices straight from a HALF b whose
// n is a multiple of MN and k of BK. Rows of tiles are skewed by a word, so that eight rows lie in different banks.
//
// Matrices have no elements one could name. Sums therefore pass through workgroup memory, where a part of a subgroup owns
// a whole row of the tile. Matrix units cut off low bits of long sums: with DRAIN > 0, sums move to c every DRAIN steps.
// NORM: rows of a are normalised by their `moments`, [rows, parts, (mean, squared deviations)] of `width` columns a part,
// combined as Chan, Golub and LeVeque do. SCALED: `moments` holds (0, power of two) to bring each row of a near 1 (gradients,
// whose low halves would vanish in f16); sums are scaled back. MOMENTS: gives the moments of c, a tile's width a part.
// MAXIMA: gives there the largest value of each row and its column instead, and c is not written.
// Loads are clamped to m and n, zero beyond k; stores are guarded. Grid: x = column blocks, y = row blocks, z = batch.
enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
requires subgroup_id;
diagnostic(off, chromium.subgroup_matrix_uniformity);
diagnostic(off, subgroup_uniformity);
const WG: u32 = 256u;
const SG: u32 = 32u;
const MM: u32 = 16u;
const MN: u32 = 16u;
const MK: u32 = 16u;
const SGM: u32 = 2u;
const SGN: u32 = 4u;
const FM: u32 = 4u;
const FN: u32 = 2u;
const BK: u32 = 16u;
const A_TERMS: u32 = 2u;
const B_TERMS: u32 = 1u;
const HALF: bool = true;
const B_ROWS_K: bool = false;
const B_DIRECT: bool = false;
const DRAIN: u32 = 0u;
const NORM: bool = false;
const SCALED: bool = false;
const MOMENTS: bool = false;
const BIAS: bool = false;
const RESIDUAL: bool = false;
const ACT: u32 = 0u;
const MAXIMA: bool = false;
alias Left = subgroup_matrix_left<f16, MK, MM>;
alias Right = subgroup_matrix_right<f16, MN, MK>;
alias Result = subgroup_matrix_result<f32, MN, MM>;

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
@group(0) @binding(2) var<storage, read> b: array<vec4u>;
@group(0) @binding(3) var<storage, read> bias: array<vec4f>;
@group(0) @binding(4) var<storage, read> residual: array<vec4f>;
@group(0) @binding(5) var<storage, read> norm_weight: array<vec4f>;
@group(0) @binding(6) var<storage, read> norm_bias: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> moments: array<vec2f>;
@group(0) @binding(8) var<storage, read_write> c: array<vec4f>;

const BM = SGM * FM * MM;
const BN = SGN * FN * MN;
// Of each tile: words of eight f16 in a row, words from row to row, words of a plane, words a thread fetches.
const A8 = BK / 8u;
const LDA = A8 + 1u;
const A_PLANE = BM * LDA;
const NA = (BM * A8 + WG - 1u) / WG;
const BR = select(BN, BK, B_ROWS_K);
const B8 = select(A8, BN / 8u, B_ROWS_K);
const LDB = B8 + 1u;
const B_PLANE = BR * LDB;
const NB = select((BR * B8 + WG - 1u) / WG, 0u, B_DIRECT);
const BW = select(2u, 1u, HALF); // words of memory that hold eight values of b
const B_SCALE = select(16.0, 1.0, HALF); // f32 weights are small: 16 times as large, f16 keeps more of their low halves
const AT_NORM = 2u * NA + BW * NB; // of what a thread fetches: words of a, of b, then the norm's weight and bias
const TB = A_TERMS * A_PLANE;
const ENDS = TB + select(B_TERMS * B_PLANE, 0u, B_DIRECT);
// The tiles' memory again, for sums: SGM * MM rows of f32. LANES lanes own a row, STEP rows at once.
const LDC = BN / 4u + 1u;
const LANES = min(SG, BN / 4u);
const QUADS = BN / 4u / LANES;
const STEP = WG / LANES;
const LOWEST = -3.4028234e38;
var<workgroup> tile: array<vec4u, max(ENDS, SGM * MM * LDC)>;
// What is taken from a row of a, and what it is then multiplied by: mean and 1 / deviation, or 0 and the row's scale.
var<workgroup> of_row: array<vec2f, select(1u, BM, NORM || SCALED)>;

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

// Eight values as f16, two a word.
fn eight_halves(x: vec4f, y: vec4f) -> vec4u {
  return vec4u(pack2x16float(x.xy), pack2x16float(x.zw), pack2x16float(y.xy), pack2x16float(y.zw));
}

// Stores eight values as hi (beyond 65504 f16 would be infinite) and what that leaves of them as lo, a plane further on.
fn put(at: u32, x: vec4f, y: vec4f, terms: u32, plane: u32) {
  let most = vec4f(65504.0);
  let h = eight_halves(clamp(x, -most, most), clamp(y, -most, most));
  let hx = vec4f(unpack2x16float(h.x), unpack2x16float(h.y));
  let hy = vec4f(unpack2x16float(h.z), unpack2x16float(h.w));
  tile[at] = h;
  if (terms > 1u) { tile[at + plane] = eight_halves(x - hx, y - hy); }
}

// Mean and 1 / deviation of a row of a, from the moments of its parts.
fn normal_of(row: u32) -> vec2f {
  var count = 0.0;
  var mean = 0.0;
  var squares = 0.0;
  let parts = (p.k + p.width - 1u) / p.width;
  for (var i = 0u; i < parts; i++) {
    let part = moments[row * parts + i];
    let add = f32(min(p.width, p.k - i * p.width));
    let apart = part.x - mean;
    let share = add / (count + add);
    mean += apart * share;
    squares += part.y + apart * apart * count * share;
    count += add;
  }
  return vec2f(mean, inverseSqrt(squares / count + p.eps));
}

// This thread's words for one BK of k. All its words of a have the same place along k.
fn fetch(wid: vec3u, lid: u32, k0: u32) -> array<vec4u, AT_NORM + 4u> {
  var got: array<vec4u, AT_NORM + 4u>;
  for (var j = 0u; j < NA; j++) {
    let i = lid + j * WG;
    let k = k0 + i % A8 * 8u;
    if (i >= BM * A8 || k >= p.k) { continue; }
    let at = (wid.z * p.a_batch + min(wid.y * BM + i / A8, p.m - 1u) * p.k + k) / 4u;
    for (var h = 0u; h < 2u; h++) { got[2u * j + h] = bitcast<vec4u>(a[at + h]); }
  }
  for (var j = 0u; j < NB; j++) {
    let i = lid + j * WG;
    let k = k0 + select(i % B8 * 8u, i / B8, B_ROWS_K);
    if (i >= BR * B8 || k >= p.k) { continue; }
    let col = wid.x * BN + select(i / B8, i % B8 * 8u, B_ROWS_K);
    let at = wid.z * p.b_batch + select(min(col, p.n - 1u) * p.k + k, k * p.n + min(col, p.n - 8u), B_ROWS_K);
    for (var h = 0u; h < BW; h++) { got[2u * NA + j * BW + h] = b[at / 8u * BW + h]; }
  }
  for (var h = 0u; NORM && h < 2u; h++) {
    let at = min(k0 + lid % A8 * 8u, p.k - 8u) / 4u + h;
    got[AT_NORM + h] = bitcast<vec4u>(norm_weight[at]);
    got[AT_NORM + 2u + h] = bitcast<vec4u>(norm_bias[at]);
  }
  return got;
}

// Writes fetched words to the tiles: normalised, scaled, split.
fn stage(lid: u32, got: array<vec4u, AT_NORM + 4u>) {
  for (var j = 0u; j < NA; j++) {
    let i = lid + j * WG;
    if (i >= BM * A8) { continue; }
    var x = bitcast<vec4f>(got[2u * j]);
    var y = bitcast<vec4f>(got[2u * j + 1u]);
    if (NORM || SCALED) {
      let row = of_row[i / A8];
      x = (x - row.x) * row.y;
      y = (y - row.x) * row.y;
    }
    if (NORM) {
      x = x * bitcast<vec4f>(got[AT_NORM]) + bitcast<vec4f>(got[AT_NORM + 2u]);
      y = y * bitcast<vec4f>(got[AT_NORM + 1u]) + bitcast<vec4f>(got[AT_NORM + 3u]);
    }
    put(i / A8 * LDA + i % A8, x, y, A_TERMS, A_PLANE);
  }
  for (var j = 0u; j < NB; j++) {
    let i = lid + j * WG;
    if (i >= BR * B8) { continue; }
    let at = TB + i / B8 * LDB + i % B8;
    let x = got[2u * NA + j * BW];
    let y = got[2u * NA + j * BW + BW - 1u];
    if (HALF) { tile[at] = x; } else {
      put(at, B_SCALE * bitcast<vec4f>(x), B_SCALE * bitcast<vec4f>(y), B_TERMS, B_PLANE);
    }
  }
}

// A matrix of b: MK values of k from k0 + k on, MN columns of the tile from col on.
fn right_at(wid: vec3u, plane: u32, k0: u32, k: u32, col: u32) -> Right {
  if (B_DIRECT) {
    let at = min(wid.x * BN + col, p.n - MN);
    if (B_ROWS_K) { return subgroupMatrixLoad<Right, row_major>(&b, ((k0 + k) * p.n + at) / 8u, p.n / 8u); }
    return subgroupMatrixLoad<Right, col_major>(&b, (at * p.k + k0 + k) / 8u, p.k / 8u);
  }
  if (B_ROWS_K) { return subgroupMatrixLoad<Right, row_major>(&tile, TB + plane * B_PLANE + k * LDB + col / 8u, LDB); }
  return subgroupMatrixLoad<Right, col_major>(&tile, TB + plane * B_PLANE + col * LDB + k / 8u, LDB);
}

// The larger of two values, each with its column; of equal ones that of the lower column. A row of NaN stays one.
fn larger(a: vec2f, b: vec2f) -> vec2f {
  return select(b, a, b.x < a.x || (b.x == a.x && b.y >= a.y));
}

// The sum of x over the lanes that own a row.
fn row_total(x: f32) -> f32 {
  var total = x;
  for (var d = LANES / 2u; d > 0u; d >>= 1u) { total += subgroupShuffleXor(total, d); }
  return total;
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32,
        @builtin(subgroup_id) sg: u32, @builtin(subgroup_invocation_id) lane: u32) {
  let row0 = wid.y * BM;
  let col0 = wid.x * BN;
  let am = sg / SGN * FM * MM;
  let bn = sg % SGN * FN * MN;
  var got = fetch(wid, lid, 0u);
  for (var r = lid; (NORM || SCALED) && r < BM; r += WG) {
    let row = wid.z * p.m + min(row0 + r, p.m - 1u);
    if (NORM) { of_row[r] = normal_of(row); } else { of_row[r] = moments[row]; }
  }
  var acc: array<Result, FM * FN>;
  var right: array<Right, B_TERMS * FN>;
  var v: array<vec4f, QUADS>;
  let segment = select(p.k, DRAIN * BK, DRAIN > 0u);
  for (var first = 0u; first < p.k; first += segment) {
    let end = min(first + segment, p.k);
    for (var i = 0u; i < FM * FN; i++) { acc[i] = Result(); }
    for (var k0 = first; k0 < end; k0 += BK) {
      workgroupBarrier(); // tiles have been read, what is known of rows is written
      stage(lid, got);
      workgroupBarrier(); // tiles are written
      got = fetch(wid, lid, k0 + BK);
      for (var k = 0u; k < BK; k += MK) {
        for (var t = 0u; t < B_TERMS; t++) {
          for (var n = 0u; n < FN; n++) { right[t * FN + n] = right_at(wid, t, k0, k, bn + n * MN); }
        }
        for (var f = 0u; f < FM; f++) {
          for (var t = 0u; t < A_TERMS; t++) {
            let left = subgroupMatrixLoad<Left, row_major>(&tile, t * A_PLANE + (am + f * MM) * LDA + k / 8u, LDA);
            for (var n = 0u; n < FN; n++) {
              let at = f * FN + n;
              acc[at] = subgroupMatrixMultiplyAccumulate(left, right[n], acc[at]);
              if (B_TERMS > 1u && t == 0u) { acc[at] = subgroupMatrixMultiplyAccumulate(left, right[FN + n], acc[at]); }
            }
          }
        }
      }
    }
    for (var f = 0u; f < FM; f++) {
      workgroupBarrier(); // tiles, or the sums before, have been read
      for (var n = 0u; n < FN; n++) {
        subgroupMatrixStore<row_major>(&tile, sg / SGN * MM * LDC + (bn + n * MN) / 4u, acc[f * FN + n], LDC);
      }
      workgroupBarrier(); // sums are written
      for (var r0 = 0u; r0 < SGM * MM; r0 += STEP) {
        let r = r0 + (sg * SG + lane) / LANES;
        let in_tile = (r / MM * FM + f) * MM + r % MM;
        let row = row0 + in_tile;
        var sum = 0.0;
        var best = vec2f(LOWEST, 0.0);
        for (var t = 0u; t < QUADS; t++) {
          let quad = lane % LANES + t * LANES;
          let col4 = col0 / 4u + quad;
          v[t] = vec4f();
          if (MAXIMA) {
            // Columns beyond n repeat the last: they change no maximum.
            let x = bitcast<vec4f>(tile[r * LDC + quad]) / B_SCALE;
            for (var e = 0u; e < 4u; e++) { best = larger(best, vec2f(x[e], f32(4u * col4 + e))); }
            continue;
          }
          if (row >= p.m || col4 >= p.n / 4u) { continue; }
          let at = (wid.z * p.m + row) * (p.n / 4u) + col4;
          var x = bitcast<vec4f>(tile[r * LDC + quad]);
          if (first > 0u) { x += c[at]; }
          if (end == p.k) {
            if (!HALF) { x /= B_SCALE; }
            if (SCALED) { x /= of_row[in_tile].y; }
            if (BIAS) { x += bias[col4]; }
            if (ACT > 0u) { x = vec4f(activate(x.x), activate(x.y), activate(x.z), activate(x.w)); }
            if (RESIDUAL) { x += residual[at]; }
          }
          c[at] = x;
          v[t] = x;
          sum += x.x + x.y + x.z + x.w;
        }
        if (MAXIMA) {
          for (var d = LANES / 2u; d > 0u; d >>= 1u) { best = larger(best, subgroupShuffleXor(best, d)); }
          if (lane % LANES > 0u || row >= p.m) { continue; }
          moments[(wid.z * p.m + row) * ((p.n + BN - 1u) / BN) + wid.x] = best;
        }
        if (!MOMENTS || end < p.k) { continue; }
        let count = min(BN, p.n - col0);
        let mean = row_total(sum) / f32(count);
        var squares = 0.0;
        for (var t = 0u; t < QUADS; t++) {
          let apart = select(vec4f(), v[t] - mean, (lane % LANES + t * LANES) * 4u < count);
          squares += dot(apart, apart);
        }
        squares = row_total(squares);
        if (lane % LANES > 0u || row >= p.m) { continue; }
        moments[(wid.z * p.m + row) * ((p.n + BN - 1u) / BN) + wid.x] = vec2f(mean, squares);
      }
    }
  }
}
