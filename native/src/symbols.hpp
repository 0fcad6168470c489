// Mixtures, their cumulative function, and the digits of a sample (SPEC sections 8.1, 8.2, 12.3).
// Included by each kernel; see kernel.hpp for why everything is in an anonymous namespace.
#pragma once

#include "inline.hpp"
#include "kernel.hpp"

#if defined(_MSC_VER) && defined(_M_X64)
#include <intrin.h>
#endif

namespace neuroc {
namespace {

constexpr int32_t WEIGHT_TOTAL = (1 << 14) - 4;
constexpr uint32_t PRECISION = 24;
constexpr int32_t CDF_TOTAL = 1 << 30;
constexpr int64_t DISTANCE_LIMIT = 1 << 21;

// K components of a mixture, padded with such of weight 0. Deep: above 8 bits per sample.
template <int K> struct Mixture {
    static constexpr int PADDED = (K + 3) / 4 * 4;
    int32_t mean[PADDED], mantissa[PADDED], shift[PADDED], weight[PADDED];
};

// What is decoded of a sample: its digits so far, and F at the ends of what they leave.
struct Branch {
    int32_t prefix, lower, upper;
};

template <typename T> NEUROC_INLINE T clamp(T v, T lo, T hi) { return v < lo ? lo : (v > hi ? hi : v); }

// Twice what a sample is predicted to be.
NEUROC_INLINE int32_t predicted(const HeadConstants &h, const int32_t *base, const int32_t *known, int channel) {
    return base[channel] + (h.chained && channel ? known[channel - 1] : 0);
}

template <bool Deep, int K>
NEUROC_INLINE void make_mixture(const HeadConstants &h, const int32_t *out, const int32_t *base, const int32_t *known,
                                int channel, Mixture<K> &m) {
    const int own = h.staged ? 0 : channel, n = h.staged ? K : K * h.channels; // in the outputs
    const int32_t *means = out + own * K, *scales = means + n, *logits = scales + n;
    int32_t top = logits[0];
    for (int k = 1; k < K; ++k)
        top = logits[k] > top ? logits[k] : top;
    uint32_t e[K], sum = 0;
    for (int k = 0; k < K; ++k) {
        const int32_t below = top - logits[k];
        e[k] = uint32_t(h.exp2[below < EXP2_SIZE ? below : EXP2_SIZE]);
        sum += e[k];
    }
    int32_t rest = WEIGHT_TOTAL;
    for (int k = 0; k < K; ++k) {
        m.weight[k] = int32_t(e[k] * uint32_t(WEIGHT_TOTAL) / sum);
        rest -= m.weight[k];
    }
    m.weight[0] += rest;
    for (int k = K; k < Mixture<K>::PADDED; ++k) {
        m.mean[k] = m.mantissa[k] = m.weight[k] = 0;
        m.shift[k] = 1;
    }
    const int32_t *couplings = out + 3 * n + own * (own - 1) / 2 * K;
    const int32_t centre = predicted(h, base, known, channel) * (1 << h.centre_shift);
    for (int k = 0; k < K; ++k) {
        int32_t mean = means[k] * (1 << h.offset_shift) + centre;
        if (own) {
            int32_t pulled = 0;
            for (int c = 0; c < own; ++c)
                pulled += couplings[c * K + k] * known[c];
            mean += (pulled + (1 << h.coupling_shift >> 1)) >> h.coupling_shift;
        }
        m.mean[k] = mean;
        m.mantissa[k] = h.mantissa[scales[k] & 127] * (Deep ? 64 : 1);
        m.shift[k] = 6 + h.coarser - (scales[k] >> 7);
    }
}

// F(b), 0 < b < 2^bits.
template <bool Deep, int K> NEUROC_INLINE int32_t cumulative(const HeadConstants &h, const Mixture<K> &m, int32_t b) {
    constexpr int F = Deep ? 13 : 7;
    const int32_t from = b * h.slope - h.offset;
    int32_t sum = b << (18 - h.bits);
    for (int k = 0; k < K; ++k) {
        int32_t z;
        if constexpr (Deep) {
            const int64_t d = clamp<int64_t>(int64_t(from) - m.mean[k], -DISTANCE_LIMIT, DISTANCE_LIMIT - 1);
            z = int32_t(clamp<int64_t>(d * m.mantissa[k] >> m.shift[k], -(1 << (F + 4)), (1 << (F + 4)) - 1));
        } else {
            z = clamp((from - m.mean[k]) * m.mantissa[k] >> m.shift[k], -(1 << (F + 4)), (1 << (F + 4)) - 1);
        }
        sum += m.weight[k] * h.sigmoid[z + (1 << (F + 4))];
    }
    return sum;
}

NEUROC_INLINE uint64_t multiply_high(uint64_t a, uint64_t b) {
#if defined(_MSC_VER) && defined(_M_X64)
    return __umulh(a, b);
#elif defined(__SIZEOF_INT128__)
    return uint64_t(static_cast<unsigned __int128>(a) * b >> 64);
#else
    const uint64_t al = uint32_t(a), ah = a >> 32, bl = uint32_t(b), bh = b >> 32;
    const uint64_t middle = ah * bl + (al * bl >> 32), other = al * bh + uint32_t(middle);
    return ah * bh + (middle >> 32) + (other >> 32);
#endif
}

// Floor division by one span, as a product with its reciprocal: the division itself does not wait for the slot.
struct Divisor {
    uint64_t span, reciprocal;

    explicit NEUROC_INLINE Divisor(uint64_t s) : span(s), reciprocal(~uint64_t(0) / s) {}

    // n < 2^56. The product is below the quotient by less than 1 + n / 2^64: one correction is enough.
    NEUROC_INLINE uint64_t floor(uint64_t n) const {
        const uint64_t q = multiply_high(n, reciprocal);
        return q + uint64_t(n - q * span >= span);
    }
};

// The first digit's span is F(2^bits) = 2^30.
struct Whole {
    NEUROC_INLINE uint64_t floor(uint64_t n) const { return n >> 30; }
};

// Whether C(k) <= slot, without a division: floor(G d / S) <= slot - k is G d < (slot - k + 1) S.
NEUROC_INLINE bool reached(int64_t room, int32_t k, int32_t d, int64_t span, int64_t slot) {
    return room * d < (slot - k + 1) * span;
}

// One level of the search: which quarter of [k, k + 4 step) holds the slot; narrows lower, upper, k.
template <bool Deep, int K>
NEUROC_INLINE void quarter(const HeadConstants &h, const Mixture<K> &m, int64_t room, int64_t span, int64_t slot,
                           int32_t first, int32_t origin, int32_t step, int rest, int32_t &k, int32_t &lower,
                           int32_t &upper) {
#if defined(NEUROC_SEARCH) // a kernel's own way to do the same
    if constexpr (!Deep) {
        NEUROC_SEARCH<Mixture<K>::PADDED>(h, m.mean, room, span, slot, first, origin, step, rest, k, lower, upper);
        return;
    }
#endif
    int32_t f[5] = {lower, 0, 0, 0, upper};
    int n = 0;
    for (int i = 1; i < 4; ++i) {
        f[i] = cumulative<Deep, K>(h, m, (first + k + i * step) << rest);
        n += reached(room, k + i * step, f[i] - origin, span, slot);
    }
    k += n * step;
    lower = f[n];
    upper = f[n + 1];
}

// The digit of `width` bits that `slot` points at, its interval, and the branch that it leaves.
template <bool Deep, int K, typename Coder, typename Division>
NEUROC_INLINE void decode_digit(const HeadConstants &h, const Mixture<K> &m, int width, int rest, Branch &b,
                                Coder &coder, const Division &division) {
    const int32_t size = 1 << width, first = b.prefix << width, origin = b.lower;
    const int64_t room = (int64_t(1) << PRECISION) - size, span = b.upper - origin;
    const int64_t slot = coder.slot();
    int32_t k = 0, lower = b.lower, upper = b.upper;
    int32_t step = size;
    if (width & 1) { // an odd width begins with a half
        step >>= 1;
        const int32_t f = cumulative<Deep, K>(h, m, (first + step) << rest);
        const bool up = reached(room, step, f - origin, span, slot);
        k = up ? step : 0;
        lower = up ? f : lower;
        upper = up ? upper : f;
    }
    while (step > 1) {
        step >>= 2;
        quarter<Deep, K>(h, m, room, span, slot, first, origin, step, rest, k, lower, upper);
    }
    // span > 0: F grows by the uniform share at every level.
    const uint32_t start = uint32_t(k) + uint32_t(division.floor(uint64_t(room) * uint32_t(lower - origin)));
    const uint32_t end = uint32_t(k) + 1 + uint32_t(division.floor(uint64_t(room) * uint32_t(upper - origin)));
    b = {first + k, lower, upper};
    coder.take(start, end - start);
}

// start and freq of every digit of a sample.
template <bool Deep, int K>
NEUROC_INLINE void sample_intervals(const HeadConstants &h, const Mixture<K> &m, int32_t sample, uint32_t step,
                                    uint32_t *start, uint32_t *freq) {
    int32_t lower = 0, upper = CDF_TOTAL;
    int rest = h.bits;
    for (int d = 0; d < h.digits; ++d) {
        rest -= h.width[d];
        const int32_t size = 1 << h.width[d], value = sample >> rest, k = value & (size - 1);
        const uint64_t room = (uint64_t(1) << PRECISION) - size, span = uint64_t(upper) - lower;
        // The first and the last boundary of a digit are those of the digit before.
        const int32_t f0 = k == 0 ? lower : cumulative<Deep, K>(h, m, value << rest);
        const int32_t f1 = k == size - 1 ? upper : cumulative<Deep, K>(h, m, (value + 1) << rest);
        const uint32_t begin = uint32_t(k) + uint32_t(room * uint32_t(f0 - lower) / span);
        const uint32_t end = uint32_t(k) + 1 + uint32_t(room * uint32_t(f1 - lower) / span);
        start[d * step] = begin;
        freq[d * step] = end - begin;
        lower = f0;
        upper = f1;
    }
}

// A site in decoding or encoding: its distribution and the digits that are known. Kernels are generic over such types.
template <bool Deep, int K> struct MixtureSite {
    Mixture<K> mixture;
    Branch branch;

    NEUROC_INLINE void make(const HeadConstants &h, const int32_t *out, const int32_t *base, const int32_t *known,
                            int channel) {
        make_mixture<Deep, K>(h, out, base, known, channel, mixture);
        branch = {0, 0, CDF_TOTAL};
    }
    NEUROC_INLINE int32_t symbol() const { return branch.prefix; }

    template <bool First, typename Coder>
    NEUROC_INLINE void decode(const HeadConstants &h, int width, int rest, Coder &coder) {
        if constexpr (First)
            decode_digit<Deep, K>(h, mixture, width, rest, branch, coder, Whole());
        else
            decode_digit<Deep, K>(h, mixture, width, rest, branch, coder,
                                  Divisor(uint64_t(branch.upper - branch.lower)));
    }

    NEUROC_INLINE void intervals(const HeadConstants &h, int32_t sample, uint32_t step, uint32_t *start,
                                 uint32_t *freq) const {
        sample_intervals<Deep, K>(h, mixture, sample, step, start, freq);
    }
};

} // namespace
} // namespace neuroc
