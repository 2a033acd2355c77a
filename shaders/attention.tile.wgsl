// out = softmax(scale q kᵀ) v for every head, and the log-sum-exp of each row, for GPUs without matrix units.
//
// A thread owns one query with its sums and running maximum; BK keys and values at a time pass through workgroup
// memory, where all threads read the same words. Four keys are taken at a time, so that their scores stay in registers and
// their products do not wait for each other. Sums are rescaled only where the maximum grows, which soon is rare.
// Token t of sequence z is at row z*batch + t*row of qkv, which has `stride` columns, and of out. Rows beyond the end are
// clamped on load and guarded on store. lse is [sequences, heads, length]. BK is a multiple of four.
// Grid: x = blocks of WG queries, y = heads, z = sequences.
const WG: u32 = 128u;
const DH: u32 = 64u;
const BK: u32 = 32u;

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

const D4 = DH / 4u;
const FOUR = vec4u(0u, 1u, 2u, 3u);
var<workgroup> keys: array<vec4f, BK * D4>;
var<workgroup> values: array<vec4f, BK * D4>;

fn across(v: vec4f) -> f32 {
  return (v.x + v.y) + (v.z + v.w);
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) lid: u32) {
  let row = wid.x * WG + lid;
  let end = p.length - 1u;
  let mine = min(row, end);
  let last = select(end, mine, p.causal == 1u);
  let columns = p.heads * D4;
  let stride = p.stride / 4u;
  let base = wid.z * p.batch * stride + wid.y * D4;
  let step = p.row * stride;
  var q: array<vec4f, D4>;
  var o: array<vec4f, D4>;
  for (var e = 0u; e < D4; e++) { q[e] = p.scale * qkv[base + p.q / 4u + mine * step + e]; }
  var top = -1e30;
  var sum = 0.0;
  let stop = select(p.length, min(wid.x * WG + WG, p.length), p.causal == 1u);
  for (var j0 = 0u; j0 < stop; j0 += BK) {
    for (var i = lid; i < BK * D4; i += WG) {
      let at = base + min(j0 + i / D4, end) * step + i % D4;
      keys[i] = qkv[at + p.k / 4u];
      values[i] = qkv[at + p.v / 4u];
    }
    workgroupBarrier();
    let count = min(BK, stop - j0);
    for (var j = 0u; j < count; j += 4u) {
      var s0 = vec4f();
      var s1 = vec4f();
      var s2 = vec4f();
      var s3 = vec4f();
      for (var e = 0u; e < D4; e++) {
        let x = q[e];
        s0 += x * keys[j * D4 + e];
        s1 += x * keys[(j + 1u) * D4 + e];
        s2 += x * keys[(j + 2u) * D4 + e];
        s3 += x * keys[(j + 3u) * D4 + e];
      }
      let s = select(vec4f(-1e30), vec4f(across(s0), across(s1), across(s2), across(s3)), j0 + j + FOUR <= vec4u(last));
      let most = max(max(s.x, s.y), max(s.z, s.w));
      if (most > top) {
        let alpha = exp(top - most);
        top = most;
        sum *= alpha;
        for (var e = 0u; e < D4; e++) { o[e] *= alpha; }
      }
      let w = exp(s - top);
      sum += across(w);
      for (var e = 0u; e < D4; e++) {
        let near = w.x * values[j * D4 + e] + w.y * values[(j + 1u) * D4 + e];
        o[e] += near + w.z * values[(j + 2u) * D4 + e] + w.w * values[(j + 3u) * D4 + e];
      }
    }
    workgroupBarrier();
  }
  if (row >= p.length) { return; }
  let to = (wid.z * p.batch + row * p.row) * columns + wid.y * D4;
  for (var e = 0u; e < D4; e++) { out[to + e] = o[e] / sum; }
  lse[(wid.z * p.heads + wid.y) * p.length + row] = top + log(sum);
}
