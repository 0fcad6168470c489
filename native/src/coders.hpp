// The entropy decoders inside the loop over symbols (SPEC section 7). Included by each kernel.
//
// Streams are untrusted: words are read at positions that cannot leave the stream, whatever it says, and a stream
// that asks for more is marked. Whoever drives them looks at the mark after a step and at the end.
#pragma once

#include <type_traits>

#include "softmax.hpp"
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
template <bool First, int Streams, typename Site, typename Coder>
NEUROC_INLINE void decode_digits(const HeadConstants &h, Site *sites, size_t n, int width, int rest, Coder &a,
                                 Coder &b) {
    for (size_t i = 0; i < n; ++i) {
        sites[i].template decode<First>(h, width, rest, a);
        if constexpr (Streams == 2)
            sites[n + i].template decode<First>(h, width, rest, b);
    }
}

// All digits of one channel of n sites of the next one or two streams.
template <int Streams, typename Coder, typename Site, typename State>
void decode_streams(const HeadConstants &h, Site *sites, size_t n, State *states) {
    Coder a(states[0]), b(states[Streams - 1]);
    int rest = h.bits - h.width[0];
    decode_digits<true, Streams>(h, sites, n, h.width[0], rest, a, b);
    for (int d = 1; d < h.digits; ++d) {
        rest -= h.width[d];
        decode_digits<false, Streams>(h, sites, n, h.width[d], rest, a, b);
    }
    if constexpr (Streams == 2)
        states[1] = b;
    states[0] = a;
}

template <typename Site, typename Coder, typename State>
void decode_sites(const HeadConstants &h, const Sites &s, int channel, size_t n, State *states, int streams) {
    const size_t rows = n * size_t(streams);
    auto *sites = static_cast<Site *>(s.scratch);
    for (size_t i = 0; i < rows; ++i)
        sites[i].make(h, s.outputs + i * s.stride, s.base + i * h.channels, s.known + i * h.channels, channel);
    int t = 0;
    for (; t + 2 <= streams; t += 2)
        decode_streams<2, Coder>(h, sites + t * n, n, states + t);
    if (t < streams)
        decode_streams<1, Coder>(h, sites + t * n, n, states + t);
    for (size_t i = 0; i < rows; ++i) {
        s.symbols[i] = sites[i].symbol();
        s.known[i * h.channels + channel] = 2 * s.symbols[i] - s.base[i * h.channels + channel];
    }
}

template <typename Site>
void site_intervals(const HeadConstants &h, const Sites &s, int channel, size_t n, const uint32_t *place,
                    const uint32_t *step, uint32_t *start, uint32_t *freq) {
    Site site;
    for (size_t i = 0; i < n; ++i) {
        site.make(h, s.outputs + i * s.stride, s.base + i * h.channels, s.known + i * h.channels, channel);
        site.intervals(h, s.symbols[i], step[i], start + place[i], freq + place[i]);
        s.known[i * h.channels + channel] = 2 * s.symbols[i] - s.base[i * h.channels + channel];
    }
}

template <typename S> struct Case {
    using Site = S;
};

// f with the kind of site that the head needs. The numbers of components are those of has_components: each is a set of
// unrolled loops.
template <typename F> NEUROC_INLINE void with_case(const HeadConstants &h, F f) {
    const bool deep = h.bits > 8;
    if (h.softmax)
        f(Case<SoftmaxSite>());
    else if (h.components == 3 && deep)
        f(Case<MixtureSite<true, 3>>());
    else if (h.components == 3)
        f(Case<MixtureSite<false, 3>>());
    else if (h.components == 5 && deep)
        f(Case<MixtureSite<true, 5>>());
    else if (h.components == 5)
        f(Case<MixtureSite<false, 5>>());
}

template <typename Coder, typename State>
void decode(const HeadConstants &h, const Sites &s, int channel, size_t n, State *states, int streams) {
    with_case(h, [&](auto c) {
        using Site = typename decltype(c)::Site;
        static_assert(sizeof(Site) <= scratch_per_site(std::is_same_v<Site, SoftmaxSite>), "scratch of a site");
        decode_sites<Site, Coder>(h, s, channel, n, states, streams);
    });
}

void decode_rans(const HeadConstants &h, const Sites &s, int channel, size_t n, RansState *states, int streams) {
    decode<RansReader>(h, s, channel, n, states, streams);
}

void decode_range(const HeadConstants &h, const Sites &s, int channel, size_t n, RangeState *states, int streams) {
    decode<RangeReader>(h, s, channel, n, states, streams);
}

void intervals(const HeadConstants &h, const Sites &s, int channel, size_t n, const uint32_t *place,
               const uint32_t *step, uint32_t *start, uint32_t *freq) {
    with_case(h,
              [&](auto c) { site_intervals<typename decltype(c)::Site>(h, s, channel, n, place, step, start, freq); });
}

} // namespace
} // namespace neuroc
