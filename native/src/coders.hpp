// The entropy decoders inside the loop over symbols (SPEC section 7). Included by each kernel.
//
// Streams are untrusted: words are read at positions that cannot leave the stream, whatever it says, and a stream
// that asks for more is marked. Whoever drives them looks at the mark after a step and at the end.
#pragma once

#include "symbols.hpp"

namespace neuroc {
namespace {

struct RansReader : RansState {
    explicit NEUROC_INLINE RansReader(const RansState &s) : RansState(s) {}

    NEUROC_INLINE int64_t slot() const { return int64_t(x & 0xFFFFFF); }

    NEUROC_INLINE void take(uint32_t start, uint32_t freq) {
        x = (x >> PRECISION) * freq + (x & 0xFFFFFF) - start;
        // Branch-free: about every seventh symbol needs a word. words[-1] is there (see runner.cpp).
        const bool low = x < uint64_t(1) << 32;
        const uint64_t longer = x << 32 | words[left - 1];
        x = low ? longer : x;
        bad |= uint32_t(low & (left == 0));
        left -= int64_t(low & (left > 0));
    }
};

struct RangeReader : RangeState {
    explicit NEUROC_INLINE RangeReader(const RangeState &s) : RangeState(s) {}

    NEUROC_INLINE int64_t slot() {
        const uint64_t at = distance / (width >> PRECISION);
        bad |= uint32_t(at >> PRECISION != 0);
        return int64_t(at >> PRECISION ? (uint64_t(1) << PRECISION) - 1 : at);
    }

    NEUROC_INLINE void take(uint32_t start, uint32_t freq) {
        const uint64_t unit = width >> PRECISION;
        distance -= unit * start;
        low += unit * start;
        width = unit * freq; // freq >= 1 and unit >= 2^8: never 0
        if (width < uint64_t(1) << 32) {
            ++shifts;
            const int64_t next = shifts + 1;
            distance = distance << 32 | (next < count ? words[next] : 0);
            low <<= 32;
            width <<= 32;
        }
        bad |= uint32_t(shifts >= count);
    }
};

// One digit of n sites of one stream, or of two in turn: their chains of dependent operations are long, and a processor
// works on both at once.
template <bool Deep, int K, bool First, int Streams, typename Coder>
NEUROC_INLINE void decode_digits(const HeadConstants &h, const Mixture<K> *m, Branch *branch, size_t n, int width,
                                 int rest, Coder &a, Coder &b) {
    const auto one = [&](size_t i, Coder &coder) NEUROC_INLINE_LAMBDA {
        if constexpr (First)
            decode_digit<Deep, K>(h, m[i], width, rest, branch[i], coder, Whole());
        else
            decode_digit<Deep, K>(h, m[i], width, rest, branch[i], coder,
                                  Divisor(uint64_t(branch[i].upper - branch[i].lower)));
    };
    for (size_t i = 0; i < n; ++i) {
        one(i, a);
        if constexpr (Streams == 2)
            one(n + i, b);
    }
}

// All digits of one channel of n sites of the next one or two streams.
template <bool Deep, int K, typename Coder, typename State, int Streams>
void decode_streams(const HeadConstants &h, const Mixture<K> *m, Branch *branch, size_t n, State *states) {
    Coder a(states[0]), b(states[Streams - 1]);
    int rest = h.bits - h.width[0];
    decode_digits<Deep, K, true, Streams>(h, m, branch, n, h.width[0], rest, a, b);
    for (int d = 1; d < h.digits; ++d) {
        rest -= h.width[d];
        decode_digits<Deep, K, false, Streams>(h, m, branch, n, h.width[d], rest, a, b);
    }
    if constexpr (Streams == 2)
        states[1] = b;
    states[0] = a;
}

template <bool Deep, int K, typename Coder, typename State>
void decode_sites(const HeadConstants &h, const Sites &s, int channel, size_t n, State *states, int streams) {
    static_assert(sizeof(Mixture<K>) + sizeof(Branch) <= SCRATCH_PER_SITE, "scratch of a site");
    const size_t rows = n * size_t(streams);
    auto *m = static_cast<Mixture<K> *>(s.scratch);
    auto *branch = reinterpret_cast<Branch *>(m + rows);
    for (size_t i = 0; i < rows; ++i) {
        make_mixture<Deep, K>(h, s.outputs + i * s.stride, s.base + i * h.channels, s.known + i * h.channels, channel,
                              m[i]);
        branch[i] = {0, 0, CDF_TOTAL};
    }
    int t = 0;
    for (; t + 2 <= streams; t += 2)
        decode_streams<Deep, K, Coder, State, 2>(h, m + t * n, branch + t * n, n, states + t);
    if (t < streams)
        decode_streams<Deep, K, Coder, State, 1>(h, m + t * n, branch + t * n, n, states + t);
    for (size_t i = 0; i < rows; ++i) {
        s.symbols[i] = branch[i].prefix;
        s.known[i * h.channels + channel] = 2 * branch[i].prefix - s.base[i * h.channels + channel];
    }
}

template <bool Deep, int K>
void site_intervals(const HeadConstants &h, const Sites &s, int channel, size_t n, const uint32_t *place,
                    const uint32_t *step, uint32_t *start, uint32_t *freq) {
    Mixture<K> m;
    for (size_t i = 0; i < n; ++i) {
        make_mixture<Deep, K>(h, s.outputs + i * s.stride, s.base + i * h.channels, s.known + i * h.channels, channel,
                              m);
        sample_intervals<Deep, K>(h, m, s.symbols[i], step[i], start + place[i], freq + place[i]);
        s.known[i * h.channels + channel] = 2 * s.symbols[i] - s.base[i * h.channels + channel];
    }
}

// The numbers of components that are compiled (module.cpp tells the plan): each is a set of unrolled loops.
template <bool D, int N> struct Case {
    static constexpr bool Deep = D;
    static constexpr int K = N;
};

template <bool Deep, typename F> NEUROC_INLINE void with_components(int components, F f) {
    if (components == 3)
        f(Case<Deep, 3>());
    else if (components == 5)
        f(Case<Deep, 5>());
}

template <typename F> NEUROC_INLINE void with_case(const HeadConstants &h, F f) {
    if (h.bits > 8)
        with_components<true>(h.components, f);
    else
        with_components<false>(h.components, f);
}

void decode_rans(const HeadConstants &h, const Sites &s, int channel, size_t n, RansState *states, int streams) {
    with_case(h, [&](auto c) {
        decode_sites<decltype(c)::Deep, decltype(c)::K, RansReader>(h, s, channel, n, states, streams);
    });
}

void decode_range(const HeadConstants &h, const Sites &s, int channel, size_t n, RangeState *states, int streams) {
    with_case(h, [&](auto c) {
        decode_sites<decltype(c)::Deep, decltype(c)::K, RangeReader>(h, s, channel, n, states, streams);
    });
}

void intervals(const HeadConstants &h, const Sites &s, int channel, size_t n, const uint32_t *place,
               const uint32_t *step, uint32_t *start, uint32_t *freq) {
    with_case(h, [&](auto c) {
        site_intervals<decltype(c)::Deep, decltype(c)::K>(h, s, channel, n, place, step, start, freq);
    });
}

} // namespace
} // namespace neuroc
