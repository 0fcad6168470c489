// What is compiled once for every instruction set: dense layers and the arithmetic around a symbol.
//
// The translation units of the kernels are built with the flags of their instruction set. They share no inline
// function with the rest (a linker may keep any copy of one, and an old processor would meet AVX-512 code), so this
// interface is raw pointers and everything behind it lives in anonymous namespaces.
#pragma once

#include <cstddef>
#include <cstdint>

namespace neuroc {

constexpr int MAX_CHANNELS = 4;

// A layer in the order in which a kernel reads it. Outputs are padded to a multiple of the kernel's lanes with rows
// that give 0.
//   pairs:  weight[block][input / 2][lane][input % 2]      (products of two int16 added into int32)
//   plain:  weight[block][input][lane]
struct PackedLayer {
    const int16_t *weight;
    const int32_t *constant, *shift, *lo, *hi; // (padded outputs,)
    int inputs;                                // even where the kernel takes pairs
    int blocks;                                // padded outputs / lanes
    bool rectified;                            // inputs are never below 0: many may be 0
};

// Everything about a head that does not depend on the pixel.
struct HeadConstants {
    const int32_t *sigmoid, *exp2, *mantissa; // exp2: EXP2_SIZE entries and a zero
    int channels, bits, components;
    bool softmax, chained;
    bool staged; // outputs are about one channel
    int offset_shift, centre_shift, coupling_shift;
    int coarser;           // max(0, unit)
    int32_t slope, offset; // distance of boundary b: slope b - offset - mean
    int digits;            // number of digits
    int width[4];          // bits of each digit
};

// `n` rows of network outputs and what is known of their pixels.
struct Sites {
    const int32_t *outputs; // (n, stride)
    size_t stride;
    const int32_t *base; // (n, channels): left + upper neighbour
    int32_t *known;      // (n, channels): 2 s - base of the channels that are coded
    int32_t *symbols;    // (n,): samples of the channel
    void *scratch;       // scratch_per_site bytes each
};

// rans24 in decoding (SPEC section 7.2).
struct RansState {
    uint64_t x;
    const uint32_t *words; // the next word is words[left - 1]
    int64_t left;
    uint32_t bad; // a word was missing
};

// range24 in decoding (SPEC section 7.3).
struct RangeState {
    uint64_t distance, width, low;
    const uint32_t *words;
    int64_t count, shifts;
    uint32_t bad; // it ran out, or pointed outside its range
};

constexpr int EXP2_SIZE = 4096;

// Distribution and digits of a site.
constexpr size_t scratch_per_site(bool softmax) { return softmax ? 1216 : 320; }

// Mixtures whose loops are compiled (coders.hpp).
constexpr bool has_components(int k) { return k == 3 || k == 5; }

struct Kernel {
    const char *name;
    int lanes;  // outputs in a block
    bool pairs; // layout of PackedLayer
    // y (n, y_stride) of x (n, x_stride): all padded outputs are written. int16: for clamps that fit.
    void (*dense16)(const PackedLayer &, const int16_t *x, size_t x_stride, int16_t *y, size_t y_stride, size_t n);
    void (*dense32)(const PackedLayer &, const int16_t *x, size_t x_stride, int32_t *y, size_t y_stride, size_t n);
    // y = clamp(y + x, lo, hi) for n rows of `width`; all sums fit int16.
    void (*add16)(const int16_t *x, size_t x_stride, int16_t *y, size_t y_stride, size_t width, size_t n, int16_t lo,
                  int16_t hi);
    // Samples of a channel of n sites from each of `streams` streams; sites are in the order of the streams.
    void (*decode_rans)(const HeadConstants &, const Sites &, int channel, size_t n, RansState *, int streams);
    void (*decode_range)(const HeadConstants &, const Sites &, int channel, size_t n, RangeState *, int streams);
    // start and freq of all digits of a channel's samples: digit d of site i goes to place[i] + d * step[i].
    void (*intervals)(const HeadConstants &, const Sites &, int channel, size_t n, const uint32_t *place,
                      const uint32_t *step, uint32_t *start, uint32_t *freq);
};

// The kernels that this build has and this processor runs, fastest first.
struct KernelList {
    const Kernel *kernels[8];
    int count;
};
const KernelList &available_kernels();

} // namespace neuroc
