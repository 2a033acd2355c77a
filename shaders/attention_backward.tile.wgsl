// Gradients of attention for GPUs without matrix units; p = exp(scale q kᵀ - lse) is recomputed.
//
//   dv = pᵀ dy                                  with VALUES: own rows are keys, the stream is queries
//   dq = scale (p (dy vᵀ - delta)) k            own rows are queries, the stream is keys
//   dk = scale (p (dy vᵀ - delta))ᵀ q           own rows are keys, the stream is queries
//
// A thread owns one row x of qkv, its mate in the second product (dy of a query, v of a key) and its gradient; y and
// other, their counterparts in the stream, pass through workgroup memory BK rows at a time.
// Grid: x = blocks of WG own rows, y = heads, z = sequences.
const WG: u32 = 64u;
const DH: u32 = 64u;
const BK: u32 = 16u;
const VALUES: bool = false;

struct Params {
  length: u32,
  heads: u32,
  row: u32,
  batch: u32,
  // Columns of a row of qkv, of mate and of other.
  stride: u32,
  mate_stride: u32,
  other_stride: u32,
  // Columns where x, mate, y, other and the gradient begin.
  x: u32,
  y: u32,
  mate: u32,
  other: u32,
  to: u32,
  causal: u32,
  // Own rows are keys.
  keys: u32,
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
@group(0) @binding(6) var<storage, read_write> dqkv: array<vec4f>;

const D4 = DH / 4u;
var<workgroup> ys: array<vec4f, BK * D4>;
var<workgroup> others: array<vec4f, BK * D4>;
// log-sum-exp and delta of the stream's rows.
var<workgroup> stream_lse: array<f32, BK>;
var<workgroup> stream_delta: array<f32, BK>;

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32) {
  let row0 = wid.x * WG;
  let row = row0 + lid;
  let end = p.length - 1u;
  let mine = min(row, end);
  let head = wid.y * D4;
  let line = (wid.z * p.heads + wid.y) * p.length;
  let is_keys = p.keys == 1u;
  let causal = p.causal == 1u;
  let first = select(0u, mine, is_keys && causal);
  let last = select(end, mine, !is_keys && causal);
  let own = wid.z * p.batch + mine * p.row;
  let own_lse = lse[line + mine];
  let own_delta = delta[line + mine];
  var x: array<vec4f, D4>;
  var m: array<vec4f, D4>;
  var g: array<vec4f, D4>;
  for (var e = 0u; e < D4; e++) {
    x[e] = p.scale * qkv[(own * p.stride + p.x) / 4u + head + e];
    if (!VALUES) { m[e] = mate[(own * p.mate_stride + p.mate) / 4u + head + e]; }
  }
  let ones = vec4f(1.0);
  let start = select(0u, row0, is_keys && causal);
  let stop = select(p.length, min(row0 + WG, p.length), !is_keys && causal);
  for (var j0 = start; j0 < stop; j0 += BK) {
    for (var i = lid; i < BK * D4; i += WG) {
      let at = wid.z * p.batch + min(j0 + i / D4, end) * p.row;
      ys[i] = qkv[(at * p.stride + p.y) / 4u + head + i % D4];
      others[i] = other[(at * p.other_stride + p.other) / 4u + head + i % D4];
    }
    for (var i = lid; i < BK; i += WG) {
      stream_lse[i] = lse[line + min(j0 + i, end)];
      stream_delta[i] = delta[line + min(j0 + i, end)];
    }
    workgroupBarrier();
    let count = min(BK, stop - j0);
    for (var j = 0u; j < count; j++) {
      var products = vec4f();
      for (var e = 0u; e < D4; e++) { products += x[e] * ys[j * D4 + e]; }
      var w = exp(dot(products, ones) - select(own_lse, stream_lse[j], is_keys));
      if (!VALUES) {
        var mates = vec4f();
        for (var e = 0u; e < D4; e++) { mates += m[e] * others[j * D4 + e]; }
        w *= dot(mates, ones) - select(own_delta, stream_delta[j], is_keys);
      }
      w = select(0.0, w, j0 + j >= first && j0 + j <= last);
      for (var e = 0u; e < D4; e++) {
        if (VALUES) { g[e] += w * others[j * D4 + e]; } else { g[e] += w * ys[j * D4 + e]; }
      }
    }
    workgroupBarrier();
  }
  if (row >= p.length) { return; }
  let to = ((wid.z * p.batch + row * p.row) * p.stride + p.to) / 4u + head;
  let factor = select(p.scale, 1.0, VALUES);
  for (var e = 0u; e < D4; e++) {
    dqkv[to + e] = factor * g[e] + select(vec4f(), dqkv[to + e], p.add == 1u);
  }
}
