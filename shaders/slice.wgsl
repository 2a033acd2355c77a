// y[o, l, i] = x[o, l + shift, i], zero outside x: a slice, and with a negative shift its backward pass.
// Words of any type are copied as they are. Grid: one invocation an output.
const WG: u32 = 64u;

struct Params {
  size: u32,
  in_length: u32,
  out_length: u32,
  inner: u32,
  shift: i32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<u32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.size) { return; }
  let l = i32(i / p.inner % p.out_length) + p.shift;
  let o = i / (p.inner * p.out_length);
  var word = 0u;
  if (l >= 0 && l < i32(p.in_length)) { word = x[(o * p.in_length + u32(l)) * p.inner + i % p.inner]; }
  y[i] = word;
}
