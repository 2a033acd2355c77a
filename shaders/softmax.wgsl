// y = softmax(x) along the middle axis of [outer, length, inner]. Grid: one invocation a row.
const WG: u32 = 64u;

struct Params {
  rows: u32,
  length: u32,
  inner: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = gid.y * groups.x * WG + gid.x;
  if (row >= p.rows) { return; }
  let first = row / p.inner * p.length * p.inner + row % p.inner;
  let end = first + p.length * p.inner;
  var top = x[first];
  for (var i = first; i < end; i += p.inner) { top = max(top, x[i]); }
  var sum = 0.0;
  for (var i = first; i < end; i += p.inner) {
    let e = exp(x[i] - top);
    y[i] = e;
    sum += e;
  }
  for (var i = first; i < end; i += p.inner) { y[i] /= sum; }
}
