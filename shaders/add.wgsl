// y = alpha * a + beta * b, b repeated when it is shorter (period words). Grid: one invocation an element.
const WG: u32 = 64u;

struct Params {
  size: u32,
  period: u32,
  alpha: f32,
  beta: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.size) { return; }
  y[i] = p.alpha * a[i] + p.beta * b[i % p.period];
}
