// Gradient of the segmentation loss with respect to the interpolated difference d = s1 - s0 of every pixel, summed over the
// pixels of a row that lie between two columns of the grid, once by their weight for each of the two:
// cells[b, y, c] = (sum of (1 - wx) g, sum of wx g). Every pixel is visited once, and its loss worked out again.
// Grid: one invocation a cell of a row of an image.
const WG: u32 = 64u;

struct Params {
  cells: u32,
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
@group(0) @binding(4) var<storage, read_write> cells: array<vec2f>;

fn difference(b: u32, y: u32, x: u32) -> f32 {
  let area = p.grid * p.grid;
  let at = b * 2u * area + y * p.grid + x;
  return s[at + area] - s[at];
}

// The grid's values at row y of the picture, in columns x0 and x0 + 1.
fn corners(b: u32, y: u32, x0: u32) -> vec2f {
  let fy = f32(y) * p.scale;
  let y0 = min(u32(fy), p.grid - 1u);
  let y1 = min(y0 + 1u, p.grid - 1u);
  let x1 = min(x0 + 1u, p.grid - 1u);
  let top = vec2f(difference(b, y0, x0), difference(b, y0, x1));
  let low = vec2f(difference(b, y1, x0), difference(b, y1, x1));
  return mix(top, low, fy - f32(y0));
}

// First and last pixel that may lie in a cell; rounding decides for those at its sides.
fn span(cell: u32) -> vec2u {
  if (p.scale == 0.0) { return vec2u(0u, p.size - 1u); }
  let low = max(f32(cell) / p.scale, 1.0) - 1.0;
  return vec2u(u32(low), min(p.size - 1u, u32(f32(cell + 1u) / p.scale) + 1u));
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.cells) { return; }
  let cell = i % p.grid;
  let y = i / p.grid % p.size;
  let b = i / (p.grid * p.size);
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
  let sides = corners(b, y, cell);
  let xs = span(cell);
  var sum = vec2f();
  for (var x = xs.x; x <= xs.y; x++) {
    let fx = f32(x) * p.scale;
    if (min(u32(fx), p.grid - 1u) != cell) { continue; }
    let wx = fx - f32(cell);
    let d = mix(sides.x, sides.y, wx);
    let m = mask[b * p.pixels + y * p.size + x];
    let q = 1.0 / (1.0 + exp(-d));
    // 1 - q without cancellation: where q is near one, the focal term depends on it.
    let q0 = 1.0 / (1.0 + exp(d));
    let t = clamp(m, 1e-5, 1.0 - 1e-5);
    let pt = t * q + (1.0 - t) * q0 + 1e-5;
    let focal = (2.0 * (1.0 - pt) * log(pt) - (1.0 - pt) * (1.0 - pt) / pt) * (2.0 * t - 1.0) / (n * pixels);
    let dice = dice1_common * m + dice1_mass + dice0_common * (1.0 - m) + dice0_mass;
    sum += vec2f(1.0 - wx, wx) * (focal + dice) * q * q0;
  }
  cells[i] = sum;
}
