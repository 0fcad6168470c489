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

// A layer of the network: one group for all channels, or a group for each channel. Value 0 is the inputs, value n + 1
// the groups of layer n one after the other; group g reads its source up to group g.
struct Node {
    std::vector<Layer> groups;
    int source = 0;
    int added = -1; // value whose group is added before the result is clamped to lo ... hi; -1: none
    int32_t lo = 0, hi = 0;
};

// The ranges of the inputs, and how many of them each group sees.
struct Inputs {
    std::vector<Range> range;
    std::vector<int> seen;
};

struct Tap {
    int di, dj; // rows down, columns right of the pixel
};

// The inputs are clamp((d 2^left_shift + rounding) >> right_shift, -limit, limit) of d = 2 v - base for every tap and
// channel, base being the sum of the left and the upper neighbour (SPEC sections 12.1 and 12.3); with `levels` then of
// base - (2^bits - 1) for every channel; then of 2 s - base for the channels of the pixel before the group.
struct Context {
    std::vector<Tap> taps;
    bool levels = false;
    int left = 0, up = 0; // positions of the two among the taps
    int left_shift = 0, right_shift = 0;
    int32_t limit = 0;
};

// A mixture: outputs of the last layer, each kind as rows of `components`: means, scales, logits per channel of the
// group, couplings per pair. Or a softmax: 2^bits logits, from prediction / 2 on and modulo 2^bits.
// The prediction of a channel is its base; chained, plus 2 s - base of the channel before.
struct Head {
    bool softmax = false;
    bool chained = false;
    int components = 0;
    int unit = 0;           // a unit is 2^unit levels (SPEC section 8.2)
    int offset_shift = 0;   // mean = output << offset_shift
    int centre_shift = 0;   //        + prediction << centre_shift
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
    std::vector<Node> layers;
    Head head;
    Tables tables;

    // Whether every channel has a group of its own; else one group serves all.
    bool staged() const { return layers.back().groups.size() > 1; }
};

// Every layer in one group, after the one before it.
std::vector<Node> chain(const std::vector<Layer> &layers);

// Largest |partial sum| in any order that an int32 holds, and the values that int16 holds, for every layer; sources
// that are there. Throws Unsupported where it does not hold.
void check_network(const std::vector<Node> &nodes, const Inputs &inputs);

// The same and everything else about a description.
void check(const Description &d);

} // namespace neuroc
