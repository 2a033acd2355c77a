// out = softmax(scale q kᵀ) v for every head, and the log-sum-exp of each row, on matrix units.
//
// A subgroup owns MM queries; BKV keys and values at a time pass through workgroup memory. Matrix units take f16, so a
// number is split while it is staged: x = hi + lo, and a product is hi hi + hi lo + lo hi (TERMS = 2), which leaves an error
// of 2^-22; TERMS = 1 keeps hi alone. Sums are f32. Two passes over the keys: the first finds each row's maximum, roughly,
// from hi hi; the second adds up exp2(s - maximum) v, which then needs no rescaling: any number near the maximum will do.
// Elements of matrices on the units are not accessible, so scores go through workgroup memory, and the weights come back
// the same way. LR lanes share a row of scores, CL columns each.
// Token t of sequence z is at row z*batch + t*row of qkv, which has `stride` columns, and of out. Rows beyond the end are
// clamped on load, masked in the scores and guarded on store. lse is [sequences, heads, length].
// Needs DH a multiple of 8, MN and MK, BKV a multiple of MN, MK and 8*SG/MM. |q|, |k|, |v| up to 65504.
// Grid: x = blocks of WG/SG * MM queries, y = heads, z = sequences.
enable f16;
enable subgroups;
enable chromium_experimental_subgroup_matrix;
requires subgroup_id;
diagnostic(off, chromium.subgroup_matrix_uniformity); // subgroup_id and loop bounds are the same in all lanes of a subgroup
diagnostic(off, subgroup_uniformity);
const WG: u32 = 128u;
const SG: u32 = 32u;
// Shape of a product on the units: [MM, MK] times [MK, MN].
const MM: u32 = 16u;
const MN: u32 = 16u;
const MK: u32 = 16u;
const DH: u32 = 64u;
const BKV: u32 = 16u;
const TERMS: u32 = 1u;
alias L = subgroup_matrix_left<f16, MK, MM>;
alias R = subgroup_matrix_right<f16, MN, MK>;
alias O = subgroup_matrix_result<f32, MN, MM>;

struct Params {
  length: u32,
  heads: u32,
  row: u32,
  batch: u32,
  stride: u32,
  // Columns of qkv where queries, keys and values begin.
  q: u32,
  k: u32,
  v: u32,
  causal: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> qkv: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> lse: array<f32>;

const ROWS = WG / SG * MM;
const LR = SG / MM;
const CL = BKV / LR;
const D4 = DH / 4u;
const D8 = DH / 8u;
const DK = DH / MK;
const DN = DH / MN;
// Workgroup memory in words of eight f16 or four f32, with a word between rows against bank conflicts: planes of keys (hi
// then lo) and of values, scores, planes of weights. Queries pass through it before, sums after.
const LD = D8 + 1u;
const SLD = BKV / 4u + 1u;
const PLD = BKV / 8u + 1u;
const OLD = D4 + 1u;
const VT = TERMS * BKV * LD;
const ST = 2u * VT;
const PT = ST + ROWS * SLD;
var<workgroup> tile: array<vec4u, max(PT + ROWS * TERMS * PLD, ROWS * max(TERMS * LD, OLD))>;
const FOUR = vec4u(0u, 1u, 2u, 3u);
const LOG2E = 1.4426950408889634;

// The nearest numbers that f16 holds; those beyond its range become its ends. Made from bits, since drivers may take
// packing and unpacking for the identity.
fn f16_part(v: vec4f) -> vec4f {
  let near = bitcast<vec4f>((bitcast<vec4u>(v) + vec4u(0x1000u)) & vec4u(0xffffe000u));
  return clamp(near, vec4f(-65504.0), vec4f(65504.0));
}

fn f16_words(v: vec4f) -> vec2u {
  return vec2u(pack2x16float(v.xy), pack2x16float(v.zw));
}

// Puts hi of eight numbers at a word of the tile, and what hi leaves `low` words further on.
fn put(at: u32, low: u32, a: vec4f, b: vec4f) {
  let ha = f16_part(a);
  let hb = f16_part(b);
  tile[at] = vec4u(f16_words(ha), f16_words(hb));
  if (TERMS > 1u) { tile[at + low] = vec4u(f16_words(f16_part(a - ha)), f16_words(f16_part(b - hb))); }
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32,
        @builtin(subgroup_id) sg: u32, @builtin(subgroup_invocation_id) lane: u32) {
  let end = p.length - 1u;
  let stride = p.stride / 4u;
  let step = p.row * stride;
  let base = wid.z * p.batch * stride + wid.y * D4;
  let keys = base + p.k / 4u;
  let values = base + p.v / 4u;
  let first = wid.x * ROWS;
  for (var i = lid; i < ROWS * D8; i += WG) {
    let at = base + p.q / 4u + min(first + i / D8, end) * step + i % D8 * 2u;
    let scale = p.scale * LOG2E;
    put(i / D8 * LD + i % D8, ROWS * LD, scale * qkv[at], scale * qkv[at + 1u]);
  }
  workgroupBarrier(); // all queries are staged
  var fq: array<L, TERMS * DK>;
  for (var t = 0u; t < TERMS; t++) {
    for (var d = 0u; d < DK; d++) {
      fq[t * DK + d] = subgroupMatrixLoad<L, row_major>(&tile, (t * ROWS + sg * MM) * LD + d * (MK / 8u), LD);
    }
  }
  let in_group = sg * MM + lane / LR;
  let row = first + in_group;
  let column = lane % LR * CL;
  let own = ST + in_group * SLD + column / 4u;
  let last = select(end, min(row, end), p.causal == 1u);
  let stop = select(p.length, min(first + ROWS, p.length), p.causal == 1u);
  var top = -1e30;
  workgroupBarrier(); // the queries have been read
  for (var j0 = 0u; j0 < stop; j0 += BKV) {
    for (var i = lid; i < BKV * D8; i += WG) {
      let at = keys + min(j0 + i / D8, end) * step + i % D8 * 2u;
      tile[i / D8 * LD + i % D8] = vec4u(f16_words(f16_part(qkv[at])), f16_words(f16_part(qkv[at + 1u])));
    }
    workgroupBarrier(); // the keys are staged
    for (var n = 0u; n < BKV / MN; n++) {
      var s = O();
      for (var d = 0u; d < DK; d++) {
        let k = subgroupMatrixLoad<R, col_major>(&tile, n * MN * LD + d * (MK / 8u), LD);
        s = subgroupMatrixMultiplyAccumulate(fq[d], k, s);
      }
      subgroupMatrixStore<row_major>(&tile, ST + sg * MM * SLD + n * (MN / 4u), s, SLD);
    }
    workgroupBarrier(); // the subgroup's lanes have stored their part of the scores, and all have read the keys
    for (var c = 0u; c < CL / 4u; c++) {
      let seen = vec4u(j0 + column + c * 4u) + FOUR <= vec4u(last);
      let s = select(vec4f(-1e30), bitcast<vec4f>(tile[own + c]), seen);
      top = max(top, max(max(s.x, s.y), max(s.z, s.w)));
    }
  }
  for (var w = 1u; w < LR; w *= 2u) { top = max(top, subgroupShuffleXor(top, w)); }
  var acc: array<O, DN>;
  var sum = 0.0;
  for (var j0 = 0u; j0 < stop; j0 += BKV) {
    workgroupBarrier(); // values and weights of the turn before have been read
    for (var i = lid; i < BKV * D8; i += WG) {
      let at = min(j0 + i / D8, end) * step + i % D8 * 2u;
      let to = i / D8 * LD + i % D8;
      put(to, BKV * LD, qkv[keys + at], qkv[keys + at + 1u]);
      put(VT + to, BKV * LD, qkv[values + at], qkv[values + at + 1u]);
    }
    workgroupBarrier(); // keys and values are staged
    for (var n = 0u; n < BKV / MN; n++) {
      var s = O();
      for (var d = 0u; d < DK; d++) {
        let at = n * MN * LD + d * (MK / 8u);
        let k = subgroupMatrixLoad<R, col_major>(&tile, at, LD);
        if (TERMS > 1u) {
          s = subgroupMatrixMultiplyAccumulate(fq[d], subgroupMatrixLoad<R, col_major>(&tile, at + BKV * LD, LD), s);
          s = subgroupMatrixMultiplyAccumulate(fq[DK * (TERMS - 1u) + d], k, s);
        }
        s = subgroupMatrixMultiplyAccumulate(fq[d], k, s);
      }
      subgroupMatrixStore<row_major>(&tile, ST + sg * MM * SLD + n * (MN / 4u), s, SLD);
    }
    workgroupBarrier(); // all lanes of the subgroup have stored their part of the scores
    for (var c = 0u; c < CL / 8u; c++) {
      let j = vec4u(j0 + column + c * 8u) + FOUR;
      let a = select(vec4f(), exp2(bitcast<vec4f>(tile[own + 2u * c]) - top), j <= vec4u(last));
      let b = select(vec4f(), exp2(bitcast<vec4f>(tile[own + 2u * c + 1u]) - top), j + 4u <= vec4u(last));
      sum += ((a.x + a.y) + (a.z + a.w)) + ((b.x + b.y) + (b.z + b.w));
      put(PT + in_group * TERMS * PLD + column / 8u + c, PLD, a, b);
    }
    workgroupBarrier(); // all lanes of the subgroup have put their weights
    for (var k = 0u; k < BKV / MK; k++) {
      let at = PT + sg * MM * TERMS * PLD + k * (MK / 8u);
      let w = subgroupMatrixLoad<L, row_major>(&tile, at, TERMS * PLD);
      let low = subgroupMatrixLoad<L, row_major>(&tile, at + (TERMS - 1u) * PLD, TERMS * PLD);
      for (var n = 0u; n < DN; n++) {
        let at_v = VT + k * MK * LD + n * (MN / 8u);
        let v = subgroupMatrixLoad<R, row_major>(&tile, at_v, LD);
        if (TERMS > 1u) {
          let low_v = subgroupMatrixLoad<R, row_major>(&tile, at_v + BKV * LD, LD);
          acc[n] = subgroupMatrixMultiplyAccumulate(w, low_v, acc[n]);
          acc[n] = subgroupMatrixMultiplyAccumulate(low, v, acc[n]);
        }
        acc[n] = subgroupMatrixMultiplyAccumulate(w, v, acc[n]);
      }
    }
  }
  for (var w = 1u; w < LR; w *= 2u) { sum += subgroupShuffleXor(sum, w); }
  workgroupBarrier(); // the values and weights of the last turn have been read
  for (var n = 0u; n < DN; n++) { subgroupMatrixStore<row_major>(&tile, sg * MM * OLD + n * (MN / 4u), acc[n], OLD); }
  workgroupBarrier(); // all lanes of the subgroup have stored their part of the sums
  if (row >= p.length) { return; }
  let to = (wid.z * p.batch + row * p.row) * p.heads * D4 + wid.y * D4;
  for (var e = lane % LR; e < D4; e += LR) { out[to + e] = bitcast<vec4f>(tile[in_group * OLD + e]) / sum; }
  if (lane % LR == 0u) { lse[(wid.z * p.heads + wid.y) * p.length + row] = (top + log2(sum)) / LOG2E; }
}
