// y = a turned, shifted and mirrored picture, each sample by its own parameters. The source of a pixel of y is found by
// undoing the steps, last to first; each step samples the nearest pixel as if it were the only step, and a step that
// leaves the picture gives 0. x and y are [batch, planes, height, width], words of any type.
//
// steps: for each sample 14 floats: two maps m00 m01 m02 m10 m11 m12 from centred pixel coordinates to [-1, 1], the
// turn and then the shift; then 1 or 0 for mirroring left to right and for mirroring top to bottom.
// Grid: one invocation an output.
const WG: u32 = 64u;

struct Params {
  size: u32,
  planes: u32,
  height: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<u32>;
@group(0) @binding(2) var<storage, read> steps: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<u32>;

// The pixel that a map takes from; a tie goes to the even coordinate.
fn taken_from(at: vec2i, first: u32, side: vec2f) -> vec2i {
  let c = vec2f(at) - 0.5 * side + 0.5;
  // Summed in the order of a matrix product, since that order decides which way a tie falls.
  let unit = vec2f(
    fma(c.y, steps[first + 1u], c.x * steps[first]) + steps[first + 2u],
    fma(c.y, steps[first + 4u], c.x * steps[first + 3u]) + steps[first + 5u],
  );
  // Clamped to just outside the picture: an integer could not hold every coordinate that far out.
  return vec2i(clamp(round(fma(unit + 1.0, 0.5 * side, vec2f(-0.5))), vec2f(-1.0), side));
}

@compute @workgroup_size(WG)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = gid.y * groups.x * WG + gid.x;
  if (i >= p.size) { return; }
  let plane = i / (p.height * p.width);
  let first = 14u * (plane / p.planes);
  let last = vec2i(i32(p.width), i32(p.height)) - 1;
  let side = vec2f(last + 1);
  var at = vec2i(i32(i % p.width), i32(i / p.width % p.height));
  if (steps[first + 12u] != 0.0) { at.x = last.x - at.x; }
  if (steps[first + 13u] != 0.0) { at.y = last.y - at.y; }
  var word = 0u;
  at = taken_from(at, first + 6u, side);
  if (all(at >= vec2i(0)) && all(at <= last)) {
    at = taken_from(at, first, side);
    if (all(at >= vec2i(0)) && all(at <= last)) {
      word = x[(plane * p.height + u32(at.y)) * p.width + u32(at.x)];
    }
  }
  y[i] = word;
}
