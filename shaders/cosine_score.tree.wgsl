// y[b, l] = normal cos(f, n) + abnormal cos(f, a) + offset (+ before[b, l] with ADD), for rows f of d values and the two
// unit texts n, a of picture b: normalisation, both products and their combination in one pass over the rows.
// Row r begins at word r * stride + first. text_batch: texts (of two values) between those of two pictures, 0 for one.
//
// For adapters without subgroups: a workgroup owns a row, summed in a tree in its memory. Grid: one workgroup a row.
const WG: u32 = 64u;
const ADD: bool = false;
alias Sums = vec2f;

struct Params {
  rows: u32,
  length: u32,
  d: u32,
  stride: u32,
  first: u32,
  text_batch: u32,
  normal: f32,
  abnormal: f32,
  offset: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> feats: array<f32>;
@group(0) @binding(2) var<storage, read> text: array<vec2f>;
@group(0) @binding(3) var<storage, read> before: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

var<workgroup> parts: array<Sums, WG>;

// Sums over the threads of a workgroup, known to all of them. Put a barrier between two calls.
fn total(lid: u32, part: Sums) -> Sums {
  parts[lid] = part;
  workgroupBarrier();
  for (var half = WG / 2u; half > 0u; half /= 2u) {
    if (lid < half) { parts[lid] += parts[lid + half]; }
    workgroupBarrier();
  }
  return parts[0];
}

@compute @workgroup_size(WG)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lid: u32) {
  let row = wid.y * groups.x + wid.x;
  if (row >= p.rows) { return; }
  let at = row * p.stride + p.first;
  let texts = row / p.length * p.text_batch;
  var sums = vec2f();
  for (var i = lid; i < p.d; i += WG) {
    let f = feats[at + i];
    // The texts are close to each other: combined first, they lose fewer digits than their cosines would.
    let t = text[texts + i];
    sums += f * vec2f(p.normal * t.x + p.abnormal * t.y, f);
  }
  let whole = total(lid, sums);
  if (lid == 0u) {
    var v = whole.x / max(sqrt(whole.y), 1e-12) + p.offset;
    if (ADD) { v += before[row]; }
    y[row] = v;
  }
}
