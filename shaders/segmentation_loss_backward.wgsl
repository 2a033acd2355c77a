// Gradient of the segmentation loss with respect to the similarity grid, by gathering: every grid point visits the pixels
// it is interpolated into and works out their loss again. ds1 = -ds0, since only the difference counts.
// Grid: one invocation a grid point of an image.
const WG: u32 = 64u;

struct Params {
  points: u32,
  pixels: u32,
  size: u32,
  grid: u32,
  batch: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> s: array<f32>;
@group(0) @binding(2) var<storage, read> mask: array<f32>;
@group(0) @binding(3) var<storage, read> sums: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read_write> ds: array<f32>;

fn difference(b: u32, y: u32, x: u32) -> f32 {
  let area = p.grid * p.grid;
  let at = b * 2u * area + y * p.grid + x;
  return s[at + area] - s[at];
}

// Weight of grid line `line` at pixel `at` of an axis; zero where the line does not reach.
fn weight(line: u32, at: u32) -> f32 {
  return max(0.0, 1.0 - abs(f32(at) * p.scale - f32(line)));
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

// First and last pixel of an axis that grid line `line` reaches.
fn reach(line: u32) -> vec2u {
  if (p.grid == 1u || p.scale == 0.0) { return vec2u(0u, p.size - 1u); }
  let low = max(0.0, (f32(line) - 1.0) / p.scale);
  let high = (f32(line) + 1.0) / p.scale;
  return vec2u(u32(low), min(p.size - 1u, u32(high) + 1u));
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.points) { return; }
  let area = p.grid * p.grid;
  let b = i / area;
  let gy = i % area / p.grid;
  let gx = i % p.grid;
  let n = f32(p.batch);
  let pixels = f32(p.pixels);
  let both = sums[4u * b + 1u];
  let prob = sums[4u * b + 2u];
  let truth = sums[4u * b + 3u];
  let rest = pixels - prob - truth;
  let c1 = prob + truth + 1.0;
  let c0 = pixels + rest + 1.0;
  // Derivatives of the two dice terms by p: through the common mass (times m or 1 - m) and through the mass itself.
  let dice1_common = -2.0 / (c1 * n);
  let dice1_mass = (2.0 * both + 1.0) / (c1 * c1 * n);
  let dice0_common = 2.0 / (c0 * n);
  let dice0_mass = -(2.0 * (rest + both) + 1.0) / (c0 * c0 * n);
  let ys = reach(gy);
  let xs = reach(gx);
  var sum = 0.0;
  for (var y = ys.x; y <= ys.y; y++) {
    let wy = weight(gy, y);
    for (var x = xs.x; x <= xs.y; x++) {
      let w = wy * weight(gx, x);
      let d = interpolated(b, y, x);
      let m = mask[b * p.pixels + y * p.size + x];
      let q = 1.0 / (1.0 + exp(-d));
      let q0 = 1.0 / (1.0 + exp(d));
      let t = clamp(m, 1e-5, 1.0 - 1e-5);
      let pt = t * q + (1.0 - t) * q0 + 1e-5;
      let focal = (2.0 * (1.0 - pt) * log(pt) - (1.0 - pt) * (1.0 - pt) / pt) * (2.0 * t - 1.0) / (n * pixels);
      let dice = dice1_common * m + dice1_mass + dice0_common * (1.0 - m) + dice0_mass;
      sum += w * (focal + dice) * q * q0;
    }
  }
  let at = b * 2u * area + gy * p.grid + gx;
  ds[at] = -sum * dy[0];
  ds[at + area] = sum * dy[0];
}
