// y[b, t] = (t == 0 ? cls : patches[b, t - 1]) + positional[t], rows of `width`. Grid: one invocation an output.
const WG: u32 = 64u;

struct Params {
  size: u32,
  tokens: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> patches: array<f32>;
@group(0) @binding(2) var<storage, read> cls: array<f32>;
@group(0) @binding(3) var<storage, read> positional: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.size) { return; }
  let w = i % p.width;
  let t = i / p.width % p.tokens;
  let b = i / (p.width * p.tokens);
  var v = cls[w];
  if (t > 0u) { v = patches[(b * (p.tokens - 1u) + t - 1u) * p.width + w]; }
  y[i] = v + positional[t * p.width + w];
}
