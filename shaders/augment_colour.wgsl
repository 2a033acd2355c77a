// y = x with its brightness, contrast and saturation changed, RGB bytes (r, g, b, r, ...) as Pillow blends them: each step
// mixes a pixel with black, the picture's mean grey or its own grey, and truncates the sum to 8 bits.
//
// A mix is from + factor * (to - from); the products are rounded to float32 on the host, a table of 511 for each step, since
// a device may fuse multiplication and addition and then differ at the cut.
// mean: the mean grey after the first step; read only with use_mean (without it the second step changes nothing).
// Grid: one invocation for four pixels, which are three words.
const WG: u32 = 64u;

struct Params {
  pixels: u32,
  words: u32,
  use_mean: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> products: array<f32>;
@group(0) @binding(3) var<storage, read> mean: array<u32>;
@group(0) @binding(4) var<storage, read_write> y: array<u32>;

fn mix_bytes(start: u32, to: vec3u, table: u32) -> vec3u {
  let at = vec3u(511u * table + 255u) + to - vec3u(start);
  let product = vec3f(products[at.x], products[at.y], products[at.z]);
  return vec3u(clamp(f32(start) + product, vec3f(0.0), vec3f(255.0)));
}

// Luminance, ITU-R 601 in 16-bit fixed point.
fn grey_of(rgb: vec3u) -> u32 { return (19595u * rgb.x + 38470u * rgb.y + 7471u * rgb.z + 32768u) >> 16u; }

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (4u * i >= p.pixels) { return; }
  let first = 3u * i;
  let last = p.words - 1u;
  let a = x[first];
  let b = x[min(first + 1u, last)];
  let c = x[min(first + 2u, last)];
  var rgb = array<vec3u, 4>(
    vec3u(a, a >> 8u, a >> 16u) & vec3u(255u),
    vec3u(a >> 24u, b, b >> 8u) & vec3u(255u),
    vec3u(b >> 16u, b >> 24u, c) & vec3u(255u),
    vec3u(c >> 8u, c >> 16u, c >> 24u) & vec3u(255u),
  );
  let middle = select(0u, mean[0], p.use_mean != 0u);
  for (var k = 0u; k < 4u; k++) {
    let lit = mix_bytes(0u, rgb[k], 0u);
    let spread = mix_bytes(middle, lit, 1u);
    rgb[k] = mix_bytes(grey_of(spread), spread, 2u);
  }
  y[first] = rgb[0].x | (rgb[0].y << 8u) | (rgb[0].z << 16u) | (rgb[1].x << 24u);
  if (first < last) { y[first + 1u] = rgb[1].y | (rgb[1].z << 8u) | (rgb[2].x << 16u) | (rgb[2].y << 24u); }
  if (first + 1u < last) { y[first + 2u] = rgb[2].z | (rgb[3].x << 8u) | (rgb[3].y << 16u) | (rgb[3].z << 24u); }
}
