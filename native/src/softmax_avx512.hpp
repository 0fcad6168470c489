// The table of softmax.hpp: 256 frequencies from logits, and how many lie below each sixteenth.
#pragma once

#include <immintrin.h>

#include "inline.hpp"
#include "kernel.hpp"

namespace neuroc {
namespace {

// Half of a's lanes added to the others, and b's likewise: by lanes, by pairs of lanes, by quarters of a register.
NEUROC_INLINE __m512i fold_lanes(__m512i a, __m512i b) {
    return _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
}
NEUROC_INLINE __m512i fold_pairs(__m512i a, __m512i b) {
    return _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
}
NEUROC_INLINE __m512i fold_quarters(__m512i a, __m512i b) {
    return _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xDD));
}

// `frequency`: 272 entries, `below`: 17. The caller has checked that 0 <= origin < 256.
NEUROC_INLINE void softmax_avx512(const int32_t *exp2, const int32_t *logits, int32_t origin, int32_t *frequency,
                                  int32_t *below) {
    __m512i top = _mm512_loadu_si512(logits);
    for (int v = 16; v < 256; v += 16)
        top = _mm512_max_epi32(top, _mm512_loadu_si512(logits + v));
    top = _mm512_set1_epi32(_mm512_reduce_max_epi32(top));
    // Logits about samples far from the origin often give nothing at all, and always the same ones: no look-up then.
    const __m512i size = _mm512_set1_epi32(EXP2_SIZE);
    NEUROC_UNROLL(16)
    for (int k = 0; k < 16; ++k) {
        const __m512i i = _mm512_sub_epi32(top, _mm512_loadu_si512(logits + 16 * k));
        const __mmask16 some = _mm512_cmplt_epi32_mask(i, size);
        __m512i f = _mm512_setzero_si512();
        if (some)
            f = _mm512_mask_i32gather_epi32(f, some, i, exp2, 4);
        _mm512_storeu_si512(frequency + ((16 * k + origin) & 255), f);
    }
    // What went beyond the last sample is about the first ones.
    const __mmask16 begin = __mmask16((1 << (origin & 15)) - 1);
    _mm512_mask_storeu_epi32(frequency, begin, _mm512_loadu_si512(frequency + 256));
    __m512i sums[16];
    NEUROC_UNROLL(16)
    for (int k = 0; k < 16; ++k)
        sums[k] = _mm512_loadu_si512(frequency + 16 * k);
    // Four foldings give the sums of the sixteen, each in its lane.
    __m512i s[8];
    NEUROC_UNROLL(8)
    for (int k = 0; k < 8; ++k)
        s[k] = fold_lanes(sums[2 * k], sums[2 * k + 1]);
    NEUROC_UNROLL(4)
    for (int k = 0; k < 4; ++k)
        s[k] = fold_pairs(s[2 * k], s[2 * k + 1]);
    __m512i f = fold_quarters(fold_quarters(s[0], s[1]), fold_quarters(s[2], s[3]));
    // Sums of all sixteenths up to each.
    const __m512i zero = _mm512_setzero_si512();
    f = _mm512_add_epi32(f, _mm512_alignr_epi32(f, zero, 15));
    f = _mm512_add_epi32(f, _mm512_alignr_epi32(f, zero, 14));
    f = _mm512_add_epi32(f, _mm512_alignr_epi32(f, zero, 12));
    f = _mm512_add_epi32(f, _mm512_alignr_epi32(f, zero, 8));
    below[0] = 0;
    _mm512_storeu_si512(below + 1, f);
}

} // namespace
} // namespace neuroc
