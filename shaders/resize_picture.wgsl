// One pass of Pillow's bicubic resize of 8-bit RGB: sums of integer taps with 22 fractional bits, rounded and clipped to
// 8 bits. The horizontal pass reads packed bytes (r, g, b, r, ...) and writes a word a pixel (r | g << 8 | b << 16); the
// VERTICAL pass reads such words and writes them, or with PLANES floats levels[c, value] as planes [3, height, width].
//
// A pass makes `size` pixels, beginning with row first_row of the output; its source begins with row first_source of the
// picture. taps: a start for each of the axis' outputs, then a count for each, then max_taps weights for each.
// Grid: one invocation a pixel.
const WG: u32 = 64u;
const VERTICAL: bool = false;
const PLANES: bool = false;

struct Params {
  size: u32,
  width: u32,
  source_width: u32,
  first_source: u32,
  first_row: u32,
  plane: u32,
  outputs: u32,
  max_taps: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> taps: array<i32>;
@group(0) @binding(3) var<storage, read> levels: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<u32>;

const fraction_bits = 22u;

// A pixel of the source: a word if VERTICAL, else three bytes from byte 3 * pixel on, which may straddle two words.
fn rgb_at(pixel: u32) -> vec3i {
  var word: u32;
  if (VERTICAL) {
    word = source[pixel];
  } else {
    let at = 3u * pixel;
    let shift = 8u * (at & 3u);
    word = source[at >> 2u] >> shift;
    if (shift > 8u) { word |= source[(at >> 2u) + 1u] << (32u - shift); }
  }
  return vec3i(vec3u(word, word >> 8u, word >> 16u) & vec3u(255u));
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.size) { return; }
  let row = i / p.width;
  let column = i % p.width;
  let l = select(column, p.first_row + row, VERTICAL);
  let start = u32(taps[l]);
  var at = select(row * p.source_width + start, (start - p.first_source) * p.width + column, VERTICAL);
  let step = select(1u, p.width, VERTICAL);
  let first = 2u * p.outputs + l * p.max_taps;
  let end = first + u32(taps[p.outputs + l]);
  var sum = vec3i(1 << (fraction_bits - 1u));
  for (var t = first; t < end; t++) {
    sum += taps[t] * rgb_at(at);
    at += step;
  }
  let value = vec3u(clamp(sum >> vec3u(fraction_bits), vec3i(0), vec3i(255)));
  let pixel = p.first_row * p.width + i;
  if (PLANES) {
    y[pixel] = bitcast<u32>(levels[value.x]);
    y[p.plane + pixel] = bitcast<u32>(levels[256u + value.y]);
    y[2u * p.plane + pixel] = bitcast<u32>(levels[512u + value.z]);
  } else {
    y[pixel] = value.x | (value.y << 8u) | (value.z << 16u);
  }
}
