// Gradients of attention for adapters that run a subgroup as one CPU vector; p = exp(scale q kᵀ - lse) is recomputed.
//
//   dv = pᵀ dy                                  with VALUES: own rows are keys, the stream is queries
//   dq = scale (p (dy vᵀ - delta)) k            own rows are queries, the stream is keys
//   dk = scale (p (dy vᵀ - delta))ᵀ q           own rows are keys, the stream is queries
//
// The form of attention.panel.wgsl: a subgroup owns 4*SG rows, one in each lane of four vectors, and streams the other
// side past them four rows at a time. x is the own row of qkv, mate its partner in the second product (dy of a query, v
// of a key); y and other are their counterparts in the stream. No workgroup memory, no barrier.
// Grid: x = blocks of WG/SG * 4*SG own rows, y = heads, z = sequences.
enable subgroups;
diagnostic(off, subgroup_uniformity); // lid / SG is the same in all lanes of a subgroup, which the analysis cannot see
const WG: u32 = 64u;
const SG: u32 = 8u;
const DH: u32 = 64u;
const VALUES: bool = false;

struct Params {
  length: u32,
  heads: u32,
  // Equal to DH: a bound the compiler cannot see keeps loops over dynamic indices rolled.
  width: u32,
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
@group(0) @binding(1) var<storage, read> qkv: array<f32>;
@group(0) @binding(2) var<storage, read> mate: array<f32>;
@group(0) @binding(3) var<storage, read> other: array<f32>;
@group(0) @binding(4) var<storage, read> lse: array<f32>;
@group(0) @binding(5) var<storage, read> delta: array<f32>;
@group(0) @binding(6) var<storage, read_write> dqkv: array<f32>;

const DC = DH / 8u;
const FOUR = vec4u(0u, 1u, 2u, 3u);

fn four(at: vec4u) -> vec4f {
  return vec4f(qkv[at.x], qkv[at.y], qkv[at.z], qkv[at.w]);
}

fn four_others(at: vec4u) -> vec4f {
  return vec4f(other[at.x], other[at.y], other[at.z], other[at.w]);
}

// Products with four stream rows gain one component: x of the stream, y of the own rows.
fn dot_step(s: ptr<function, array<vec4f, 4>>, x: vec4f, y: vec4f) {
  (*s)[0] += x.x * y;
  (*s)[1] += x.y * y;
  (*s)[2] += x.z * y;
  (*s)[3] += x.w * y;
}

// One component of four weighted stream rows.
fn weigh(w: array<vec4f, 4>, x: vec4f) -> vec4f {
  return x.x * w[0] + x.y * w[1] + x.z * w[2] + x.w * w[3];
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32,
        @builtin(subgroup_invocation_id) lane: u32) {
  let row0 = (wid.x * (WG / SG) + lid / SG) * 4u * SG;
  if (row0 >= p.length) { return; }
  let end = p.length - 1u;
  let head = wid.y * DH;
  let line = (wid.z * p.heads + wid.y) * p.length;
  let rows = row0 + lane + SG * FOUR;
  let mine = min(rows, vec4u(end));
  let keys = p.keys == 1u;
  let causal = p.causal == 1u;
  let first = select(vec4u(), mine, keys && causal);
  let last = select(vec4u(end), mine, !keys && causal);
  let own = wid.z * p.batch + mine * p.row;
  let own_lse = vec4f(lse[line + mine.x], lse[line + mine.y], lse[line + mine.z], lse[line + mine.w]);
  let own_delta = vec4f(delta[line + mine.x], delta[line + mine.y], delta[line + mine.z], delta[line + mine.w]);
  var x: array<array<vec4f, 8>, DC>;
  var m: array<array<vec4f, 8>, DC>;
  var g: array<array<vec4f, 8>, DC>;
  for (var e = 0u; e < p.width; e++) {
    x[e / 8u][e % 8u] = p.scale * four(own * p.stride + p.x + head + e);
    g[e / 8u][e % 8u] = vec4f();
    if (!VALUES) {
      let at = own * p.mate_stride + p.mate + head + e;
      m[e / 8u][e % 8u] = vec4f(mate[at.x], mate[at.y], mate[at.z], mate[at.w]);
    }
  }
  let start = select(0u, row0, keys && causal);
  let stop = select(p.length, min(row0 + 4u * SG, p.length), !keys && causal);
  for (var j = start; j < stop; j += 4u) {
    let stream = wid.z * p.batch + min(j + FOUR, vec4u(end)) * p.row;
    let at_y = stream * p.stride + p.y + head + lane;
    let at_other = stream * p.other_stride + p.other + head + lane;
    var s = array<vec4f, 4>();
    var w = array<vec4f, 4>();
    // Drivers unroll a loop this large only when it has no neighbour: the loop of one round isolates it.
    for (var once = 0u; once < 1u; once++) {
      for (var c = 0u; c < DC; c++) {
        let lo = four(at_y + c * 8u);
        var hi = lo;
        if (SG == 4u) { hi = four(at_y + c * 8u + 4u); }
        dot_step(&s, subgroupBroadcast(lo, 0u), x[c][0]);
        dot_step(&s, subgroupBroadcast(lo, 1u), x[c][1]);
        dot_step(&s, subgroupBroadcast(lo, 2u), x[c][2]);
        dot_step(&s, subgroupBroadcast(lo, 3u), x[c][3]);
        dot_step(&s, subgroupBroadcast(hi, 4u % SG), x[c][4]);
        dot_step(&s, subgroupBroadcast(hi, 5u % SG), x[c][5]);
        dot_step(&s, subgroupBroadcast(hi, 6u % SG), x[c][6]);
        dot_step(&s, subgroupBroadcast(hi, 7u % SG), x[c][7]);
      }
    }
    let row_of_lane = line + min(j + lane % 4u, end);
    let l = lse[row_of_lane];
    s[0] = exp(s[0] - select(own_lse, vec4f(subgroupBroadcast(l, 0u)), keys));
    s[1] = exp(s[1] - select(own_lse, vec4f(subgroupBroadcast(l, 1u)), keys));
    s[2] = exp(s[2] - select(own_lse, vec4f(subgroupBroadcast(l, 2u)), keys));
    s[3] = exp(s[3] - select(own_lse, vec4f(subgroupBroadcast(l, 3u)), keys));
    if (!VALUES) {
      for (var once = 0u; once < 1u; once++) {
        for (var c = 0u; c < DC; c++) {
          let lo = four_others(at_other + c * 8u);
          var hi = lo;
          if (SG == 4u) { hi = four_others(at_other + c * 8u + 4u); }
          dot_step(&w, subgroupBroadcast(lo, 0u), m[c][0]);
          dot_step(&w, subgroupBroadcast(lo, 1u), m[c][1]);
          dot_step(&w, subgroupBroadcast(lo, 2u), m[c][2]);
          dot_step(&w, subgroupBroadcast(lo, 3u), m[c][3]);
          dot_step(&w, subgroupBroadcast(hi, 4u % SG), m[c][4]);
          dot_step(&w, subgroupBroadcast(hi, 5u % SG), m[c][5]);
          dot_step(&w, subgroupBroadcast(hi, 6u % SG), m[c][6]);
          dot_step(&w, subgroupBroadcast(hi, 7u % SG), m[c][7]);
        }
      }
      let d = delta[row_of_lane];
      s[0] *= w[0] - select(own_delta, vec4f(subgroupBroadcast(d, 0u)), keys);
      s[1] *= w[1] - select(own_delta, vec4f(subgroupBroadcast(d, 1u)), keys);
      s[2] *= w[2] - select(own_delta, vec4f(subgroupBroadcast(d, 2u)), keys);
      s[3] *= w[3] - select(own_delta, vec4f(subgroupBroadcast(d, 3u)), keys);
    }
    s[0] = select(vec4f(), s[0], (vec4u(j) >= first) & (vec4u(j) <= last));
    s[1] = select(vec4f(), s[1], (vec4u(j + 1u) >= first) & (vec4u(j + 1u) <= last));
    s[2] = select(vec4f(), s[2], (vec4u(j + 2u) >= first) & (vec4u(j + 2u) <= last));
    s[3] = select(vec4f(), s[3], (vec4u(j + 3u) >= first) & (vec4u(j + 3u) <= last));
    for (var once = 0u; once < 1u; once++) {
      for (var c = 0u; c < DC; c++) {
        var lo = vec4f();
        if (VALUES) { lo = four_others(at_other + c * 8u); } else { lo = four(at_y + c * 8u); }
        var hi = lo;
        if (SG == 4u && VALUES) { hi = four_others(at_other + c * 8u + 4u); }
        if (SG == 4u && !VALUES) { hi = four(at_y + c * 8u + 4u); }
        g[c][0] += weigh(s, subgroupBroadcast(lo, 0u));
        g[c][1] += weigh(s, subgroupBroadcast(lo, 1u));
        g[c][2] += weigh(s, subgroupBroadcast(lo, 2u));
        g[c][3] += weigh(s, subgroupBroadcast(lo, 3u));
        g[c][4] += weigh(s, subgroupBroadcast(hi, 4u % SG));
        g[c][5] += weigh(s, subgroupBroadcast(hi, 5u % SG));
        g[c][6] += weigh(s, subgroupBroadcast(hi, 6u % SG));
        g[c][7] += weigh(s, subgroupBroadcast(hi, 7u % SG));
      }
    }
  }
  let to = (wid.z * p.batch + rows * p.row) * p.stride + p.to + head;
  let factor = select(p.scale, 1.0, VALUES);
  for (var e = 0u; e < p.width; e++) {
    let y = factor * g[e / 8u][e % 8u];
    for (var t = 0u; t < 4u; t++) {
      if (rows[t] < p.length) { dqkv[to[t] + e] = y[t] + select(0.0, dqkv[to[t] + e], p.add == 1u); }
    }
  }
}
