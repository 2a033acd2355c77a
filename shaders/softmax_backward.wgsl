// dx = y * (dy - sum of y * dy) along the middle axis of [outer, length, inner], y being the softmax.
// Grid: one invocation a row.
const WG: u32 = 64u;

struct Params {
  rows: u32,
  length: u32,
  inner: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let row = gid.y * groups.x * WG + gid.x;
  if (row >= p.rows) { return; }
  let first = row / p.inner * p.length * p.inner + row % p.inner;
  let end = first + p.length * p.inner;
  var dot = 0.0;
  for (var i = first; i < end; i += p.inner) { dot += y[i] * dy[i]; }
  for (var i = first; i < end; i += p.inner) { dx[i] = y[i] * (dy[i] - dot); }
}
