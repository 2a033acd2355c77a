// dprob = dy * dloss/dpt * dpt/dprob of the focal loss, gamma 2: with own = mask ? 1 : 0 and other = 1 - own,
// pt = (1 - s) prob[own] + s prob[other] + s, s = 1e-5. Grid: one invocation an output.
const WG: u32 = 64u;

struct Params {
  size: u32,
  pixels: u32,
  plane: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> prob: array<f32>;
@group(0) @binding(2) var<storage, read> mask: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> dprob: array<f32>;

const smooth_label = 1e-5;

// Softened probability of a pixel's own channel.
fn own_probability(pixel: u32) -> f32 {
  let first = pixel / p.plane * 2u * p.plane + pixel % p.plane;
  let normal = prob[first];
  let abnormal = prob[first + p.plane];
  let is_abnormal = mask[pixel] >= 1.0;
  let own = select(normal, abnormal, is_abnormal);
  let other = select(abnormal, normal, is_abnormal);
  return (1.0 - smooth_label) * own + smooth_label * other + smooth_label;
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.size) { return; }
  let pixel = i / (2u * p.plane) * p.plane + i % p.plane;
  let pt = own_probability(pixel);
  let slope = 2.0 * (1.0 - pt) * log(pt) - (1.0 - pt) * (1.0 - pt) / pt;
  let is_own = (i / p.plane % 2u == 1u) == (mask[pixel] >= 1.0);
  dprob[i] = dy[0] / f32(p.pixels) * slope * select(smooth_label, 1.0 - smooth_label, is_own);
}
