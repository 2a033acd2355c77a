// y[o, l, i] = sum over t < count[l] of weight[l, t] * x[o, start[l] + t, i]: the middle axis times a banded matrix.
// table: a start for each output, then a count for each, then max_taps weights for each.
// Grid: one invocation an output.
const WG: u32 = 64u;

struct Params {
  size: u32,
  in_length: u32,
  out_length: u32,
  inner: u32,
  max_taps: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> table: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.size) { return; }
  let l = i / p.inner % p.out_length;
  var at = (i / (p.inner * p.out_length) * p.in_length + table[l]) * p.inner + i % p.inner;
  let first = 2u * p.out_length + l * p.max_taps;
  let end = first + table[p.out_length + l];
  var sum = 0.0;
  for (var t = first; t < end; t++) {
    sum += bitcast<f32>(table[t]) * x[at];
    at += p.inner;
  }
  y[i] = sum;
}
