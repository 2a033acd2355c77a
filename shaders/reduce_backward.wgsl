// y[o, l, i] = scale * x[o, i] for every l: the backward pass of a sum. Grid: one invocation an output.
const WG: u32 = 64u;

struct Params {
  size: u32,
  length: u32,
  inner: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.size) { return; }
  y[i] = p.scale * x[i / (p.length * p.inner) * p.inner + i % p.inner];
}
