// The plain description of a causal codec, as checked numbers: what core/neuroc/causal.py says, nothing derived.
//
// Weights are untrusted. `check` is the only way from a description to a plan that runs, and it refuses everything
// whose indices or intermediates it cannot bound; after it no arithmetic below can overflow.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <vector>

namespace neuroc {

// Sound, but not for this engine: the caller falls back to numpy.
struct Unsupported : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// y = clamp((sum w x + b + 2^(s-1)) >> s, lo, hi), SPEC section 10.1.
struct Layer {
    int inputs = 0, outputs = 0;
    std::vector<int16_t> weight;   // outputs x inputs
    std::vector<int32_t> constant; // b + 2^(s-1)
    std::vector<int32_t> shift, lo, hi;
};

struct Range {
    int32_t lo, hi;
};

struct Tap {
    int di, dj; // rows down, columns right of the pixel
};

// The first layer sees clamp(((2 v - base) 2^left_shift + rounding) >> right_shift, -limit, limit) of every tap and
// channel, base being the sum of the left and the upper neighbour (SPEC sections 12.1 and 12.3).
struct Context {
    std::vector<Tap> taps;
    int left = 0, up = 0; // positions of the two among the taps
    int left_shift = 0, right_shift = 0;
    int32_t limit = 0;
};

// Outputs of the last layer, each kind as rows of `components`: means, scales, logits per channel, couplings per pair.
struct MixtureHead {
    int components = 0;
    int unit = 0;           // a unit is 2^unit levels (SPEC section 8.2)
    int offset_shift = 0;   // mean = output << offset_shift
    int centre_shift = 0;   //        + base << centre_shift
    int coupling_shift = 0; //        + (sum coupling (2 s - base) + rounding) >> coupling_shift
};

// The integer tables of SPEC section 10.3.
struct Tables {
    std::vector<int32_t> sigmoid;  // T_7 up to 8 bits, T_13 above
    std::vector<int32_t> exp2;     // E
    std::vector<int32_t> mantissa; // Q
};

struct Description {
    int channels = 0, bits = 0;
    int slope = 0; // pixel (i, j) belongs to step j + slope i; 0 stands for the width: one pixel a step
    Context context;
    std::vector<Layer> layers;
    MixtureHead head;
    Tables tables;
};

// Largest |partial sum| in any order that an int32 holds, and the clamps that int16 holds, for every layer.
// Throws Unsupported where one does not; `input` has one range for each input of the first layer.
void check_layers(const std::vector<Layer> &layers, const std::vector<Range> &input);

// The same and everything else about a description.
void check(const Description &d);

} // namespace neuroc
