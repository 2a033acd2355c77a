// Gradients of attention on matrix units; w = exp(scale x y - lse) is recomputed from the saved log-sum-exp.
//
//   own rows are queries (KEYS false): x q, mate dy, y k, other v:  dq = scale ds y             ds = w (mate other - delta)
//   own rows are keys (KEYS true):     x k, mate v, y q, other dy:  dk = scale ds y, dv = w other
//
// The form of attention.matrix.wgsl: a subgroup owns MM rows x, whose mate is the partner in the second product; y and
// other, their counterparts in the stream, pass through workgroup memory BKV rows at a time, split into f16 halves.
// f16 keeps few bits of small numbers, and gradients are small: dy is scaled by a power of two that brings the largest
// of its head (of `peaks`) to about one, and weights by GAIN; both leave the result as one factor.
// Grid: x = blocks of WG/SG * MM own rows, y = heads, z = sequences.
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
const DH: u32 = 32u;
const BKV: u32 = 16u;
const TERMS: u32 = 1u;
const KEYS: bool = false;
alias L = subgroup_matrix_left<f16, MK, MM>;
alias R = subgroup_matrix_right<f16, MN, MK>;
alias O = subgroup_matrix_result<f32, MN, MM>;

struct Params {
  length: u32,
  heads: u32,
  row: u32,
  batch: u32,
  // Columns of a row of qkv, of mate and of other.
  stride: u32,
  mate_stride: u32,
  other_stride: u32,
  // Columns where x, mate, y, other and the gradients of x and, where keys are own, of values begin.
  x: u32,
  y: u32,
  mate: u32,
  other: u32,
  to: u32,
  to_values: u32,
  causal: u32,
  // Add to what dqkv holds.
  add: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> qkv: array<vec4f>;
@group(0) @binding(2) var<storage, read> mate: array<vec4f>;
@group(0) @binding(3) var<storage, read> other: array<vec4f>;
@group(0) @binding(4) var<storage, read> lse: array<f32>;
@group(0) @binding(5) var<storage, read> delta: array<f32>;
@group(0) @binding(6) var<storage, read> peaks: array<f32>;
@group(0) @binding(7) var<storage, read_write> dqkv: array<vec4f>;

const ROWS = WG / SG * MM;
const LR = SG / MM;
const CL = BKV / LR;
const D4 = DH / 4u;
const D8 = DH / 8u;
const DK = DH / MK;
const DN = DH / MN;
// Workgroup memory in words of eight f16 or four f32, with a word between rows against bank conflicts: planes of y (hi then
// lo) and of other, scores and second products, planes of ds and w. Own rows pass through it before, gradients after.
const LD = D8 + 1u;
const SLD = BKV / 4u + 1u;
const PLD = BKV / 8u + 1u;
const OLD = D4 + 1u;
const OT = TERMS * BKV * LD;
const ST = 2u * OT;
const MT = ST + ROWS * SLD;
const PT = MT + ROWS * SLD;
const WT = PT + ROWS * TERMS * PLD;
const SIZE = WT + select(0u, ROWS * TERMS * PLD, KEYS);
var<workgroup> tile: array<vec4u, max(SIZE, ROWS * max(TERMS * LD, OLD))>;
// log-sum-exp and delta of the stream's rows.
var<workgroup> column: array<vec2f, BKV>;
var<workgroup> largest: array<f32, WG / SG>;
const FOUR = vec4u(0u, 1u, 2u, 3u);
const LOG2E = 1.4426950408889634;
const GAIN = 256.0;

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
  let tokens = wid.z * p.batch;
  let head = wid.y * D4;
  let line = (wid.z * p.heads + wid.y) * p.length;
  let block = wid.x * ROWS;
  var most = 0.0;
  for (var i = lid; i < p.length; i += WG) { most = max(most, peaks[line + i]); }
  most = subgroupMax(most);
  if (lane == 0u) { largest[sg] = most; }
  for (var i = lid; i < ROWS * D8; i += WG) {
    let at = ((tokens + min(block + i / D8, end) * p.row) * p.stride + p.x) / 4u + head + i % D8 * 2u;
    let scale = p.scale * LOG2E;
    put(i / D8 * LD + i % D8, ROWS * LD, scale * qkv[at], scale * qkv[at + 1u]);
  }
  workgroupBarrier(); // the rows x are staged, and every subgroup has given its largest
  for (var i = 0u; i < WG / SG; i++) { most = max(most, largest[i]); }
  let unit = ldexp(1.0, clamp(-frexp(most).exp, -100, 100));
  let mate_unit = select(unit, 1.0, KEYS);
  let other_unit = select(1.0, unit, KEYS);
  var fx: array<L, TERMS * DK>;
  for (var i = 0u; i < TERMS * DK; i++) {
    fx[i] = subgroupMatrixLoad<L, row_major>(&tile, (i / DK * ROWS + sg * MM) * LD + i % DK * (MK / 8u), LD);
  }
  workgroupBarrier(); // the rows x have been read
  for (var i = lid; i < ROWS * D8; i += WG) {
    let at = ((tokens + min(block + i / D8, end) * p.row) * p.mate_stride + p.mate) / 4u + head + i % D8 * 2u;
    put(i / D8 * LD + i % D8, ROWS * LD, mate_unit * mate[at], mate_unit * mate[at + 1u]);
  }
  workgroupBarrier(); // the mates are staged
  var fm: array<L, TERMS * DK>;
  for (var i = 0u; i < TERMS * DK; i++) {
    fm[i] = subgroupMatrixLoad<L, row_major>(&tile, (i / DK * ROWS + sg * MM) * LD + i % DK * (MK / 8u), LD);
  }
  let in_group = sg * MM + lane / LR;
  let row = block + in_group;
  let mine = min(row, end);
  let left = lane % LR * CL;
  let own = vec2f(lse[line + mine], delta[line + mine]) * vec2f(LOG2E, unit);
  let causal = p.causal == 1u;
  let first = select(0u, mine, KEYS && causal);
  let last = select(end, mine, !KEYS && causal);
  let start = select(0u, block / BKV * BKV, KEYS && causal);
  let stop = select(p.length, min(block + ROWS, p.length), !KEYS && causal);
  var g: array<O, DN>;
  var h: array<O, DN>;
  for (var j0 = start; j0 < stop; j0 += BKV) {
    workgroupBarrier(); // the mates, then what the turn before staged and put, have been read
    for (var i = lid; i < BKV * D8; i += WG) {
      let token = tokens + min(j0 + i / D8, end) * p.row;
      let at_y = (token * p.stride + p.y) / 4u + head + i % D8 * 2u;
      let at_other = (token * p.other_stride + p.other) / 4u + head + i % D8 * 2u;
      let to = i / D8 * LD + i % D8;
      put(to, BKV * LD, qkv[at_y], qkv[at_y + 1u]);
      put(OT + to, BKV * LD, other_unit * other[at_other], other_unit * other[at_other + 1u]);
    }
    for (var i = lid; i < BKV && KEYS; i += WG) {
      let at = line + min(j0 + i, end);
      column[i] = vec2f(lse[at], delta[at]) * vec2f(LOG2E, unit);
    }
    workgroupBarrier(); // y, other and column are staged
    for (var n = 0u; n < BKV / MN; n++) {
      var s = O();
      var m = O();
      for (var d = 0u; d < DK; d++) {
        let at = n * MN * LD + d * (MK / 8u);
        let y = subgroupMatrixLoad<R, col_major>(&tile, at, LD);
        let o = subgroupMatrixLoad<R, col_major>(&tile, OT + at, LD);
        if (TERMS > 1u) {
          let low_d = DK * (TERMS - 1u) + d;
          s = subgroupMatrixMultiplyAccumulate(fx[d], subgroupMatrixLoad<R, col_major>(&tile, at + BKV * LD, LD), s);
          m = subgroupMatrixMultiplyAccumulate(fm[d], subgroupMatrixLoad<R, col_major>(&tile, OT + at + BKV * LD, LD), m);
          s = subgroupMatrixMultiplyAccumulate(fx[low_d], y, s);
          m = subgroupMatrixMultiplyAccumulate(fm[low_d], o, m);
        }
        s = subgroupMatrixMultiplyAccumulate(fx[d], y, s);
        m = subgroupMatrixMultiplyAccumulate(fm[d], o, m);
      }
      subgroupMatrixStore<row_major>(&tile, ST + sg * MM * SLD + n * (MN / 4u), s, SLD);
      subgroupMatrixStore<row_major>(&tile, MT + sg * MM * SLD + n * (MN / 4u), m, SLD);
    }
    workgroupBarrier(); // all lanes of the subgroup have stored their part of the products
    for (var c = 0u; c < CL / 8u; c++) {
      var w = array<vec4f, 2>();
      var ds = array<vec4f, 2>();
      for (var e = 0u; e < 2u; e++) {
        let at = left + c * 8u + e * 4u;
        var of_row = array<vec2f, 4>(own, own, own, own);
        if (KEYS) { of_row = array<vec2f, 4>(column[at], column[at + 1u], column[at + 2u], column[at + 3u]); }
        let l = vec4f(of_row[0].x, of_row[1].x, of_row[2].x, of_row[3].x);
        let dl = vec4f(of_row[0].y, of_row[1].y, of_row[2].y, of_row[3].y);
        let j = vec4u(j0 + at) + FOUR;
        let seen = (j >= vec4u(first)) & (j <= vec4u(last));
        let s = bitcast<vec4f>(tile[ST + in_group * SLD + at / 4u]);
        w[e] = select(vec4f(), GAIN * exp2(s - l), seen);
        ds[e] = w[e] * (bitcast<vec4f>(tile[MT + in_group * SLD + at / 4u]) - dl);
      }
      let to = in_group * TERMS * PLD + left / 8u + c;
      put(PT + to, PLD, ds[0], ds[1]);
      if (KEYS) { put(WT + to, PLD, w[0], w[1]); }
    }
    workgroupBarrier(); // all lanes of the subgroup have put their weights
    for (var k = 0u; k < BKV / MK; k++) {
      let at = PT + sg * MM * TERMS * PLD + k * (MK / 8u);
      let low = at + (TERMS - 1u) * PLD;
      let ds = subgroupMatrixLoad<L, row_major>(&tile, at, TERMS * PLD);
      let low_ds = subgroupMatrixLoad<L, row_major>(&tile, low, TERMS * PLD);
      for (var n = 0u; n < DN; n++) {
        let at_y = k * MK * LD + n * (MN / 8u);
        let y = subgroupMatrixLoad<R, row_major>(&tile, at_y, LD);
        if (TERMS > 1u) {
          g[n] = subgroupMatrixMultiplyAccumulate(ds, subgroupMatrixLoad<R, row_major>(&tile, at_y + BKV * LD, LD), g[n]);
          g[n] = subgroupMatrixMultiplyAccumulate(low_ds, y, g[n]);
        }
        g[n] = subgroupMatrixMultiplyAccumulate(ds, y, g[n]);
      }
      if (KEYS) {
        let w = subgroupMatrixLoad<L, row_major>(&tile, at + WT - PT, TERMS * PLD);
        let low_w = subgroupMatrixLoad<L, row_major>(&tile, low + WT - PT, TERMS * PLD);
        for (var n = 0u; n < DN; n++) {
          let at_o = OT + k * MK * LD + n * (MN / 8u);
          let o = subgroupMatrixLoad<R, row_major>(&tile, at_o, LD);
          if (TERMS > 1u) {
            h[n] = subgroupMatrixMultiplyAccumulate(w, subgroupMatrixLoad<R, row_major>(&tile, at_o + BKV * LD, LD), h[n]);
            h[n] = subgroupMatrixMultiplyAccumulate(low_w, o, h[n]);
          }
          h[n] = subgroupMatrixMultiplyAccumulate(w, o, h[n]);
        }
      }
    }
  }
  for (var of_values = 0u; of_values < select(1u, 2u, KEYS); of_values++) {
    workgroupBarrier(); // what the last turn staged and put, then the gradients of x, have been read
    for (var n = 0u; n < DN; n++) {
      let at = sg * MM * OLD + n * (MN / 4u);
      if (of_values == 0u) { subgroupMatrixStore<row_major>(&tile, at, g[n], OLD); }
      else { subgroupMatrixStore<row_major>(&tile, at, h[n], OLD); }
    }
    workgroupBarrier(); // all lanes of the subgroup have stored their part of the gradients
    if (row < p.length) {
      let to = ((tokens + row * p.row) * p.stride + select(p.to, p.to_values, of_values == 1u)) / 4u + head;
      let factor = select(p.scale, 1.0, of_values == 1u) / (GAIN * unit);
      for (var e = lane % LR; e < D4; e += LR) {
        dqkv[to + e] = factor * bitcast<vec4f>(tile[in_group * OLD + e]) + select(vec4f(), dqkv[to + e], p.add == 1u);
      }
    }
  }
}
