// out = softmax(scale q kᵀ) v for every head, and the log-sum-exp of each row, for adapters that run a subgroup as one
// CPU vector.
//
// A subgroup owns 4*SG queries, one in each lane of four vectors, and streams keys past them, four at a time: each lane
// loads one component of a key or value, and a literal broadcast hands it to all queries. Queries, sums and the running
// maximum stay in the lane, so softmax needs no reduction across lanes, no workgroup memory, no barrier.
// Token t of sequence z is at row z*batch + t*row of qkv, which has `stride` columns, and of out. Rows beyond the end are
// clamped on load, masked in the scores and guarded on store. lse is [sequences, heads, length].
// Grid: x = blocks of WG/SG * 4*SG queries, y = heads, z = sequences.
enable subgroups;
diagnostic(off, subgroup_uniformity); // lid / SG is the same in all lanes of a subgroup, which the analysis cannot see
const WG: u32 = 64u;
const SG: u32 = 8u;
const DH: u32 = 64u;

struct Params {
  length: u32,
  heads: u32,
  // Equal to DH: a bound the compiler cannot see keeps loops over dynamic indices rolled.
  width: u32,
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
@group(0) @binding(1) var<storage, read> qkv: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read_write> lse: array<f32>;

const DC = DH / 8u;
const FOUR = vec4u(0u, 1u, 2u, 3u);

fn four(at: vec4u) -> vec4f {
  return vec4f(qkv[at.x], qkv[at.y], qkv[at.z], qkv[at.w]);
}

// Scores of four keys gain one component: x of the keys, y of the queries.
fn dot_step(s: ptr<function, array<vec4f, 4>>, x: vec4f, y: vec4f) {
  (*s)[0] += x.x * y;
  (*s)[1] += x.y * y;
  (*s)[2] += x.z * y;
  (*s)[3] += x.w * y;
}

// One component of four weighted values.
fn weigh(w: array<vec4f, 4>, x: vec4f) -> vec4f {
  return x.x * w[0] + x.y * w[1] + x.z * w[2] + x.w * w[3];
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32,
        @builtin(subgroup_invocation_id) lane: u32) {
  let row0 = (wid.x * (WG / SG) + lid / SG) * 4u * SG;
  if (row0 >= p.length) { return; }
  let end = p.length - 1u;
  let columns = p.heads * DH;
  let rows = row0 + lane + SG * FOUR;
  let mine = min(rows, vec4u(end));
  let last = select(vec4u(end), mine, p.causal == 1u);
  let base = wid.z * p.batch * p.stride + wid.y * DH;
  let own = base + p.q + mine * (p.row * p.stride);
  var q: array<array<vec4f, 8>, DC>;
  var o: array<array<vec4f, 8>, DC>;
  for (var e = 0u; e < p.width; e++) {
    q[e / 8u][e % 8u] = p.scale * four(own + e);
    o[e / 8u][e % 8u] = vec4f();
  }
  var top = vec4f(-1e30);
  var sum = vec4f();
  let stop = select(p.length, min(row0 + 4u * SG, p.length), p.causal == 1u);
  for (var j = 0u; j < stop; j += 4u) {
    let at = base + min(j + FOUR, vec4u(end)) * (p.row * p.stride) + lane;
    var s = array<vec4f, 4>();
    // Drivers unroll a loop this large only when it has no neighbour: the loop of one round isolates it.
    for (var once = 0u; once < 1u; once++) {
      for (var c = 0u; c < DC; c++) {
        let lo = four(at + p.k + c * 8u);
        var hi = lo;
        if (SG == 4u) { hi = four(at + p.k + c * 8u + 4u); }
        dot_step(&s, subgroupBroadcast(lo, 0u), q[c][0]);
        dot_step(&s, subgroupBroadcast(lo, 1u), q[c][1]);
        dot_step(&s, subgroupBroadcast(lo, 2u), q[c][2]);
        dot_step(&s, subgroupBroadcast(lo, 3u), q[c][3]);
        dot_step(&s, subgroupBroadcast(hi, 4u % SG), q[c][4]);
        dot_step(&s, subgroupBroadcast(hi, 5u % SG), q[c][5]);
        dot_step(&s, subgroupBroadcast(hi, 6u % SG), q[c][6]);
        dot_step(&s, subgroupBroadcast(hi, 7u % SG), q[c][7]);
      }
    }
    s[0] = select(vec4f(-1e30), s[0], vec4u(j) <= last);
    s[1] = select(vec4f(-1e30), s[1], vec4u(j + 1u) <= last);
    s[2] = select(vec4f(-1e30), s[2], vec4u(j + 2u) <= last);
    s[3] = select(vec4f(-1e30), s[3], vec4u(j + 3u) <= last);
    let m = max(max(max(s[0], s[1]), max(s[2], s[3])), top);
    let alpha = exp(top - m);
    top = m;
    s[0] = exp(s[0] - m);
    s[1] = exp(s[1] - m);
    s[2] = exp(s[2] - m);
    s[3] = exp(s[3] - m);
    sum = sum * alpha + ((s[0] + s[1]) + (s[2] + s[3]));
    for (var once = 0u; once < 1u; once++) {
      for (var c = 0u; c < DC; c++) {
        let lo = four(at + p.v + c * 8u);
        var hi = lo;
        if (SG == 4u) { hi = four(at + p.v + c * 8u + 4u); }
        o[c][0] = o[c][0] * alpha + weigh(s, subgroupBroadcast(lo, 0u));
        o[c][1] = o[c][1] * alpha + weigh(s, subgroupBroadcast(lo, 1u));
        o[c][2] = o[c][2] * alpha + weigh(s, subgroupBroadcast(lo, 2u));
        o[c][3] = o[c][3] * alpha + weigh(s, subgroupBroadcast(lo, 3u));
        o[c][4] = o[c][4] * alpha + weigh(s, subgroupBroadcast(hi, 4u % SG));
        o[c][5] = o[c][5] * alpha + weigh(s, subgroupBroadcast(hi, 5u % SG));
        o[c][6] = o[c][6] * alpha + weigh(s, subgroupBroadcast(hi, 6u % SG));
        o[c][7] = o[c][7] * alpha + weigh(s, subgroupBroadcast(hi, 7u % SG));
      }
    }
  }
  let to = (wid.z * p.batch + rows * p.row) * columns + wid.y * DH;
  let share = 1.0 / sum;
  for (var e = 0u; e < p.width; e++) {
    let y = o[e / 8u][e % 8u] * share;
    for (var t = 0u; t < 4u; t++) {
      if (rows[t] < p.length) { out[to[t] + e] = y[t]; }
    }
  }
  let row_lse = top + log(sum);
  for (var t = 0u; t < 4u; t++) {
    if (rows[t] < p.length) { lse[(wid.z * p.heads + wid.y) * p.length + rows[t]] = row_lse[t]; }
  }
}
