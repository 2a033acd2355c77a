// Focal loss, gamma 2: with own = mask ? 1 : 0 and other = 1 - own, pt = (1 - s) prob[own] + s prob[other] + s, s = 1e-5,
// and a pixel's loss is -(1 - pt)^2 log(pt). y[part] is the sum over every size-th pixel, divided by the number of
// pixels. Grid: one invocation a part.
const WG: u32 = 64u;

struct Params {
  size: u32,
  pixels: u32,
  plane: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> prob: array<f32>;
@group(0) @binding(2) var<storage, read> mask: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

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
  var sum = 0.0;
  for (var pixel = i; pixel < p.pixels; pixel += p.size) {
    let pt = own_probability(pixel);
    sum -= (1.0 - pt) * (1.0 - pt) * log(pt);
  }
  y[i] = sum / f32(p.pixels);
}
