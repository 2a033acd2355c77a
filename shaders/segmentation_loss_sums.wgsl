// Per-image sums of the segmentation loss, straight from the similarity grid: no map is ever written.
//
// At a pixel, d = s1 - s0 interpolated (corners aligned), p = sigmoid(d) is the softmax's abnormal channel, and with the
// clamped one-hot target t: pt = t p + (1 - t)(1 - p) + smooth; focal = -(1 - pt)^2 log pt.
// sums[b, strip] = (sum of focal, sum of p m, sum of p, sum of m) over STRIP pixels. Grid: one invocation a strip.
const WG: u32 = 64u;
const STRIP: u32 = 64u;

struct Params {
  strips: u32,
  pixels: u32,
  size: u32,
  grid: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> s: array<f32>;
@group(0) @binding(2) var<storage, read> mask: array<f32>;
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;

fn difference(b: u32, y: u32, x: u32) -> f32 {
  let area = p.grid * p.grid;
  let at = b * 2u * area + y * p.grid + x;
  return s[at + area] - s[at];
}

fn interpolated(b: u32, y: u32, x: u32) -> f32 {
  let fy = f32(y) * p.scale;
  let fx = f32(x) * p.scale;
  let y0 = min(u32(fy), p.grid - 1u);
  let x0 = min(u32(fx), p.grid - 1u);
  let y1 = min(y0 + 1u, p.grid - 1u);
  let x1 = min(x0 + 1u, p.grid - 1u);
  let wy = fy - f32(y0);
  let wx = fx - f32(x0);
  let top = (1.0 - wx) * difference(b, y0, x0) + wx * difference(b, y0, x1);
  let low = (1.0 - wx) * difference(b, y1, x0) + wx * difference(b, y1, x1);
  return (1.0 - wy) * top + wy * low;
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.strips) { return; }
  let per_image = (p.pixels + STRIP - 1u) / STRIP;
  let b = i / per_image;
  let first = i % per_image * STRIP;
  var focal = 0.0;
  var both = 0.0;
  var prob = 0.0;
  var truth = 0.0;
  for (var at = first; at < min(first + STRIP, p.pixels); at++) {
    let d = interpolated(b, at / p.size, at % p.size);
    let m = mask[b * p.pixels + at];
    let q = 1.0 / (1.0 + exp(-d));
    // 1 - q without cancellation: where q is near one, the focal term depends on it.
    let q0 = 1.0 / (1.0 + exp(d));
    let t = clamp(m, 1e-5, 1.0 - 1e-5);
    let pt = t * q + (1.0 - t) * q0 + 1e-5;
    focal -= (1.0 - pt) * (1.0 - pt) * log(pt);
    both += q * m;
    prob += q;
    truth += m;
  }
  sums[4u * i] = focal;
  sums[4u * i + 1u] = both;
  sums[4u * i + 2u] = prob;
  sums[4u * i + 3u] = truth;
}
