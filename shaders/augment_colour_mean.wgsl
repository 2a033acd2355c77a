// Mean grey of a picture after its brightness was changed, to the nearest whole number (halves up), in whole numbers only.
//
// x holds RGB bytes (r, g, b, r, ...) and y gets a sum for each of `strips` invocations, which take every strips-th group of
// four pixels; with TOTAL, x holds those sums and y[0] becomes the mean. A sum stays below 2^32 / 2 and pixels below 2^27,
// so that nothing overflows.
// Grid: one invocation a strip; with TOTAL only one.
const WG: u32 = 64u;
const TOTAL: bool = false;

struct Params {
  pixels: u32,
  words: u32,
  strips: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> products: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

// Three bytes, each mixed with black.
fn lit(bytes: vec3u) -> vec3u {
  let at = (bytes & vec3u(255u)) + 255u;
  return vec3u(clamp(vec3f(products[at.x], products[at.y], products[at.z]), vec3f(0.0), vec3f(255.0)));
}

// Luminance, ITU-R 601 in 16-bit fixed point.
fn grey_of(rgb: vec3u) -> u32 { return (19595u * rgb.x + 38470u * rgb.y + 7471u * rgb.z + 32768u) >> 16u; }

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (TOTAL) {
    if (i > 0u) { return; }
    // The total may exceed 2^32, so whole multiples of the number of pixels are moved out as they arise.
    var whole = 0u;
    var rest = 0u;
    for (var s = 0u; s < p.strips; s++) {
      rest += x[s];
      whole += rest / p.pixels;
      rest = rest % p.pixels;
    }
    y[0] = whole + select(0u, 1u, 2u * rest >= p.pixels);
    return;
  }
  if (i >= p.strips) { return; }
  let last = p.words - 1u;
  var sum = 0u;
  for (var pixel = 4u * i; pixel < p.pixels; pixel += 4u * p.strips) {
    let first = pixel / 4u * 3u;
    let a = x[first];
    let b = x[min(first + 1u, last)];
    let c = x[min(first + 2u, last)];
    sum += grey_of(lit(vec3u(a, a >> 8u, a >> 16u)));
    if (pixel + 1u < p.pixels) { sum += grey_of(lit(vec3u(a >> 24u, b, b >> 8u))); }
    if (pixel + 2u < p.pixels) { sum += grey_of(lit(vec3u(b >> 16u, b >> 24u, c))); }
    if (pixel + 3u < p.pixels) { sum += grey_of(lit(vec3u(c >> 8u, c >> 16u, c >> 24u))); }
  }
  y[i] = sum;
}
