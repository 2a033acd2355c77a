// out = softmax(scale q kᵀ) v for every head, and the log-sum-exp of each row, for adapters that run a subgroup as one
// CPU vector.
//
// A subgroup owns 8*SG queries, one in each lane of two times four vectors (a and b), and streams keys past them, four at a
// time: each lane loads one component of a key or value, and a literal broadcast hands it to all queries. Queries, sums and
// the running maximum stay in the lane, so softmax needs no reduction across lanes, no workgroup memory, no barrier.
// Token t of sequence z is at row z*batch + t*row of qkv, which has `stride` columns, and of out. Rows beyond the end are
// clamped on load, masked in the scores and guarded on store. lse is [sequences, heads, length].
// Grid: x = blocks of WG/SG * 8*SG queries, y = heads, z = sequences.
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

// Hides the scores of keys from `j` on that a query must not see: those beyond its last one.
fn hide(s: ptr<function, array<vec4f, 4>>, j: u32, last: vec4u) {
  (*s)[0] = select(vec4f(-1e30), (*s)[0], vec4u(j) <= last);
  (*s)[1] = select(vec4f(-1e30), (*s)[1], vec4u(j + 1u) <= last);
  (*s)[2] = select(vec4f(-1e30), (*s)[2], vec4u(j + 2u) <= last);
  (*s)[3] = select(vec4f(-1e30), (*s)[3], vec4u(j + 3u) <= last);
}

// Scores become weights, relative to the running maximum. Returns what earlier sums must be multiplied by.
fn soften(s: ptr<function, array<vec4f, 4>>, top: ptr<function, vec4f>, sum: ptr<function, vec4f>) -> vec4f {
  let m = max(max(max((*s)[0], (*s)[1]), max((*s)[2], (*s)[3])), *top);
  let alpha = exp(*top - m);
  *top = m;
  (*s)[0] = exp((*s)[0] - m);
  (*s)[1] = exp((*s)[1] - m);
  (*s)[2] = exp((*s)[2] - m);
  (*s)[3] = exp((*s)[3] - m);
  *sum = *sum * alpha + (((*s)[0] + (*s)[1]) + ((*s)[2] + (*s)[3]));
  return alpha;
}

// Writes four of a lane's rows of out, and their log-sum-exp.
fn finish(o: ptr<function, array<array<vec4f, 8>, DC> >, rows: vec4u, wid: vec3u, top: vec4f, sum: vec4f) {
  let to = (wid.z * p.batch + rows * p.row) * (p.heads * DH) + wid.y * DH;
  let share = 1.0 / sum;
  for (var e = 0u; e < p.width; e++) {
    let y = (*o)[e / 8u][e % 8u] * share;
    for (var t = 0u; t < 4u; t++) {
      if (rows[t] < p.length) { out[to[t] + e] = y[t]; }
    }
  }
  let row_lse = top + log(sum);
  for (var t = 0u; t < 4u; t++) {
    if (rows[t] < p.length) { lse[(wid.z * p.heads + wid.y) * p.length + rows[t]] = row_lse[t]; }
  }
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32,
        @builtin(subgroup_invocation_id) lane: u32) {
  let row0 = (wid.x * (WG / SG) + lid / SG) * 8u * SG;
  if (row0 >= p.length) { return; }
  let end = p.length - 1u;
  let rows_a = row0 + lane + SG * FOUR;
  let rows_b = rows_a + 4u * SG;
  let last_a = select(vec4u(end), min(rows_a, vec4u(end)), p.causal == 1u);
  let last_b = select(vec4u(end), min(rows_b, vec4u(end)), p.causal == 1u);
  let base = wid.z * p.batch * p.stride + wid.y * DH;
  let own_a = base + p.q + min(rows_a, vec4u(end)) * (p.row * p.stride);
  let own_b = base + p.q + min(rows_b, vec4u(end)) * (p.row * p.stride);
  var q_a: array<array<vec4f, 8>, DC>;
  var q_b: array<array<vec4f, 8>, DC>;
  var o_a: array<array<vec4f, 8>, DC>;
  var o_b: array<array<vec4f, 8>, DC>;
  for (var e = 0u; e < p.width; e++) {
    q_a[e / 8u][e % 8u] = p.scale * four(own_a + e);
    q_b[e / 8u][e % 8u] = p.scale * four(own_b + e);
    o_a[e / 8u][e % 8u] = vec4f();
    o_b[e / 8u][e % 8u] = vec4f();
  }
  var top_a = vec4f(-1e30);
  var top_b = vec4f(-1e30);
  var sum_a = vec4f();
  var sum_b = vec4f();
  // Keys that every query sees, from the first on.
  let seen = select(p.length, row0 + 1u, p.causal == 1u);
  let stop = select(p.length, min(row0 + 8u * SG, p.length), p.causal == 1u);
  for (var j = 0u; j < stop; j += 4u) {
    let at = base + min(j + FOUR, vec4u(end)) * (p.row * p.stride) + lane;
    var s_a = array<vec4f, 4>();
    var s_b = array<vec4f, 4>();
    // Drivers unroll a loop this large only when it has no neighbour: the loop of one round isolates it.
    for (var once = 0u; once < 1u; once++) {
      for (var c = 0u; c < DC; c++) {
        let lo = four(at + p.k + c * 8u);
        var hi = lo;
        if (SG == 4u) { hi = four(at + p.k + c * 8u + 4u); }
        let x0 = subgroupBroadcast(lo, 0u);
        dot_step(&s_a, x0, q_a[c][0]);
        dot_step(&s_b, x0, q_b[c][0]);
        let x1 = subgroupBroadcast(lo, 1u);
        dot_step(&s_a, x1, q_a[c][1]);
        dot_step(&s_b, x1, q_b[c][1]);
        let x2 = subgroupBroadcast(lo, 2u);
        dot_step(&s_a, x2, q_a[c][2]);
        dot_step(&s_b, x2, q_b[c][2]);
        let x3 = subgroupBroadcast(lo, 3u);
        dot_step(&s_a, x3, q_a[c][3]);
        dot_step(&s_b, x3, q_b[c][3]);
        let x4 = subgroupBroadcast(hi, 4u % SG);
        dot_step(&s_a, x4, q_a[c][4]);
        dot_step(&s_b, x4, q_b[c][4]);
        let x5 = subgroupBroadcast(hi, 5u % SG);
        dot_step(&s_a, x5, q_a[c][5]);
        dot_step(&s_b, x5, q_b[c][5]);
        let x6 = subgroupBroadcast(hi, 6u % SG);
        dot_step(&s_a, x6, q_a[c][6]);
        dot_step(&s_b, x6, q_b[c][6]);
        let x7 = subgroupBroadcast(hi, 7u % SG);
        dot_step(&s_a, x7, q_a[c][7]);
        dot_step(&s_b, x7, q_b[c][7]);
      }
    }
    if (j + 4u > seen) {
      hide(&s_a, j, last_a);
      hide(&s_b, j, last_b);
    }
    let alpha_a = soften(&s_a, &top_a, &sum_a);
    let alpha_b = soften(&s_b, &top_b, &sum_b);
    for (var once = 0u; once < 1u; once++) {
      for (var c = 0u; c < DC; c++) {
        let lo = four(at + p.v + c * 8u);
        var hi = lo;
        if (SG == 4u) { hi = four(at + p.v + c * 8u + 4u); }
        let x0 = subgroupBroadcast(lo, 0u);
        o_a[c][0] = o_a[c][0] * alpha_a + weigh(s_a, x0);
        o_b[c][0] = o_b[c][0] * alpha_b + weigh(s_b, x0);
        let x1 = subgroupBroadcast(lo, 1u);
        o_a[c][1] = o_a[c][1] * alpha_a + weigh(s_a, x1);
        o_b[c][1] = o_b[c][1] * alpha_b + weigh(s_b, x1);
        let x2 = subgroupBroadcast(lo, 2u);
        o_a[c][2] = o_a[c][2] * alpha_a + weigh(s_a, x2);
        o_b[c][2] = o_b[c][2] * alpha_b + weigh(s_b, x2);
        let x3 = subgroupBroadcast(lo, 3u);
        o_a[c][3] = o_a[c][3] * alpha_a + weigh(s_a, x3);
        o_b[c][3] = o_b[c][3] * alpha_b + weigh(s_b, x3);
        let x4 = subgroupBroadcast(hi, 4u % SG);
        o_a[c][4] = o_a[c][4] * alpha_a + weigh(s_a, x4);
        o_b[c][4] = o_b[c][4] * alpha_b + weigh(s_b, x4);
        let x5 = subgroupBroadcast(hi, 5u % SG);
        o_a[c][5] = o_a[c][5] * alpha_a + weigh(s_a, x5);
        o_b[c][5] = o_b[c][5] * alpha_b + weigh(s_b, x5);
        let x6 = subgroupBroadcast(hi, 6u % SG);
        o_a[c][6] = o_a[c][6] * alpha_a + weigh(s_a, x6);
        o_b[c][6] = o_b[c][6] * alpha_b + weigh(s_b, x6);
        let x7 = subgroupBroadcast(hi, 7u % SG);
        o_a[c][7] = o_a[c][7] * alpha_a + weigh(s_a, x7);
        o_b[c][7] = o_b[c][7] * alpha_b + weigh(s_b, x7);
      }
    }
  }
  finish(&o_a, rows_a, wid, top_a, sum_a);
  finish(&o_b, rows_b, wid, top_b, sum_b);
}
