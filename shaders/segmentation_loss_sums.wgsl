// Sums of the segmentation loss, straight from the similarity grid: no map is ever written.
//
// At a pixel, d = s1 - s0 interpolated (corners aligned), p = sigmoid(d) is the softmax's abnormal channel, and with the
// clamped one-hot target t: pt = t p + (1 - t)(1 - p) + smooth; focal = -(1 - pt)^2 log pt.
// sums[b, y, c] = (sum of focal, sum of p m, sum of p, sum of m) over the pixels of row y between columns c and c + 1 of the
// grid, which have their corners in common. Grid: one invocation a cell of a row of an image.
const WG: u32 = 64u;

struct Params {
  cells: u32,
  pixels: u32,
  size: u32,
  grid: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> s: array<f32>;
@group(0) @binding(2) var<storage, read> mask: array<f32>;
@group(0) @binding(3) var<storage, read_write> sums: array<vec4f>;

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
  let sides = corners(b, y, cell);
  let xs = span(cell);
  var sum = vec4f();
  for (var x = xs.x; x <= xs.y; x++) {
    let fx = f32(x) * p.scale;
    if (min(u32(fx), p.grid - 1u) != cell) { continue; }
    let d = mix(sides.x, sides.y, fx - f32(cell));
    let m = mask[b * p.pixels + y * p.size + x];
    let q = 1.0 / (1.0 + exp(-d));
    // 1 - q without cancellation: where q is near one, the focal term depends on it.
    let q0 = 1.0 / (1.0 + exp(d));
    let t = clamp(m, 1e-5, 1.0 - 1e-5);
    let pt = t * q + (1.0 - t) * q0 + 1e-5;
    sum += vec4f(-(1.0 - pt) * (1.0 - pt) * log(pt), q * m, q, m);
  }
  sums[i] = sum;
}
