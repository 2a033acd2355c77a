// One step of Adam, in place: first and second moment, bias corrections in `rate` and `denominator`.
// rest = 1 - beta comes from the host: in f32 that difference would be off by 1e-5 for beta2.
// m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; w -= rate m / (sqrt(v) denominator + eps).
// Grid: one invocation a weight.
const WG: u32 = 64u;

struct Params {
  size: u32,
  beta1: f32,
  beta2: f32,
  rest1: f32,
  rest2: f32,
  rate: f32,
  denominator: f32,
  eps: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> g: array<f32>;
@group(0) @binding(2) var<storage, read_write> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> m: array<f32>;
@group(0) @binding(4) var<storage, read_write> v: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.size) { return; }
  let m1 = p.beta1 * m[i] + p.rest1 * g[i];
  let v1 = p.beta2 * v[i] + p.rest2 * g[i] * g[i];
  m[i] = m1;
  v[i] = v1;
  w[i] -= p.rate * m1 / (sqrt(v1) * p.denominator + p.eps);
}
