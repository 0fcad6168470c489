// Softmax over 256 samples and the digits of one (SPEC sections 8.1, 8.3). Included by each kernel.
#pragma once

#include <string.h>

#include "symbols.hpp"

namespace neuroc {
namespace {

// Frequencies of the samples, and how often the samples below each sixteenth occur.
struct SoftmaxTable {
    static constexpr int SIZE = 256, DIGIT = 16;
    int32_t frequency[SIZE + DIGIT]; // the last ones are room to work in
    int32_t below[DIGIT + 1];
};

// `origin`: the sample that the first logit is about; the others follow modulo 256.
NEUROC_INLINE void make_softmax(const HeadConstants &h, const int32_t *logits, int32_t origin, SoftmaxTable &t) {
#if defined(NEUROC_SOFTMAX) // a kernel's own way to do the same
    NEUROC_SOFTMAX(h.exp2, logits, origin, t.frequency, t.below);
#else
    constexpr int SIZE = SoftmaxTable::SIZE, DIGIT = SoftmaxTable::DIGIT, PARTS = 4;
    int32_t top = logits[0];
    for (int v = 1; v < SIZE; ++v)
        top = logits[v] > top ? logits[v] : top;
    int32_t twice[2 * SIZE]; // so that 256 in a row begin at sample 0
    for (int v = 0; v < SIZE; ++v) {
        const int32_t below = top - logits[v];
        twice[v] = twice[SIZE + v] = h.exp2[below < EXP2_SIZE ? below : EXP2_SIZE];
    }
    memcpy(t.frequency, twice + SIZE - origin, SIZE * sizeof *twice);
    t.below[0] = 0;
    for (int k = 0; k < DIGIT; ++k) {
        int32_t part[PARTS] = {};
        for (int i = 0; i < DIGIT; i += PARTS)
            for (int p = 0; p < PARTS; ++p)
                part[p] += t.frequency[k * DIGIT + i + p];
        t.below[k + 1] = t.below[k] + (part[0] + part[1]) + (part[2] + part[3]);
    }
#endif
}

// Frequencies below each of the 16 values of the second digit, and of all; a branch without mass is uniform.
NEUROC_INLINE void branch_of(const SoftmaxTable &t, int32_t prefix, int32_t *below) {
    constexpr int DIGIT = SoftmaxTable::DIGIT;
    const int32_t *f = t.frequency + prefix * DIGIT;
    const int32_t even = t.below[prefix + 1] == t.below[prefix];
    below[0] = 0;
    for (int i = 0; i < DIGIT; ++i)
        below[i + 1] = below[i] + f[i] + even;
}

// The digit that the coder points at, from the frequencies below each of its 16 values; their end is not 0.
template <typename Coder> NEUROC_INLINE int32_t decode_sixteenth(const int32_t *below, Coder &coder) {
    constexpr int DIGIT = SoftmaxTable::DIGIT;
    const int64_t room = (int64_t(1) << PRECISION) - DIGIT, span = below[DIGIT];
    const Divisor division{uint64_t(span)};
    const int64_t slot = coder.slot();
    int32_t k = 0;
    for (int32_t step = 4; step; step >>= 2) {
        int32_t n = 0;
        for (int32_t i = 1; i < 4; ++i)
            n += reached(room, k + i * step, below[k + i * step], span, slot);
        k += n * step;
    }
    const uint32_t start = uint32_t(k) + uint32_t(division.floor(uint64_t(room) * uint32_t(below[k])));
    const uint32_t end = uint32_t(k) + 1 + uint32_t(division.floor(uint64_t(room) * uint32_t(below[k + 1])));
    coder.take(start, end - start);
    return k;
}

NEUROC_INLINE void sixteenth_interval(const int32_t *below, int32_t k, uint32_t &start, uint32_t &freq) {
    const uint64_t room = (uint64_t(1) << PRECISION) - SoftmaxTable::DIGIT;
    const uint64_t span = uint64_t(below[SoftmaxTable::DIGIT]);
    start = uint32_t(k) + uint32_t(room * uint32_t(below[k]) / span);
    freq = uint32_t(k) + 1 + uint32_t(room * uint32_t(below[k + 1]) / span) - start;
}

// See MixtureSite.
struct SoftmaxSite {
    SoftmaxTable table;
    int32_t prefix;

    NEUROC_INLINE void make(const HeadConstants &h, const int32_t *out, const int32_t *base, const int32_t *known,
                            int channel) {
        const int32_t prediction = predicted(h, base, known, channel) >> 1;
        make_softmax(h, out, clamp(prediction, 0, SoftmaxTable::SIZE - 1), table);
        prefix = 0;
    }
    NEUROC_INLINE int32_t symbol() const { return prefix; }

    template <bool First, typename Coder> NEUROC_INLINE void decode(const HeadConstants &, int, int, Coder &coder) {
        int32_t below[SoftmaxTable::DIGIT + 1];
        if (!First)
            branch_of(table, prefix, below);
        prefix = prefix * SoftmaxTable::DIGIT + decode_sixteenth(First ? table.below : below, coder);
    }

    NEUROC_INLINE void intervals(const HeadConstants &, int32_t sample, uint32_t step, uint32_t *start,
                                 uint32_t *freq) const {
        int32_t below[SoftmaxTable::DIGIT + 1];
        const int32_t first = sample / SoftmaxTable::DIGIT;
        sixteenth_interval(table.below, first, start[0], freq[0]);
        branch_of(table, first, below);
        sixteenth_interval(below, sample % SoftmaxTable::DIGIT, start[step], freq[step]);
    }
};

} // namespace
} // namespace neuroc
