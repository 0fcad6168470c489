// quarter() of symbols.hpp for mixtures of up to four components and up to 8 bits: three boundaries of four components
// at once, lane 4 (boundary - 1) + component; what lane 12 and up hold does not matter.
#pragma once

#include <immintrin.h>

#include "kernel.hpp"

namespace neuroc {
namespace {

// `mixture` is a Mixture with four components: mean, mantissa, shift, weight, four each.
inline __attribute__((always_inline)) void search_avx512(const HeadConstants &h, const int32_t *mixture, int64_t room,
                                                         int64_t span, int64_t slot, int32_t first, int32_t origin,
                                                         int32_t step, int rest, int32_t &k, int32_t &lower,
                                                         int32_t &upper) {
    constexpr int HALF = 1 << 11; // of the sigmoid table
    const auto four = [&](int part) __attribute__((always_inline)) {
        return _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i *>(mixture + 4 * part)));
    };
    const __m512i number = _mm512_setr_epi32(1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
    const int32_t from = ((first + k) << rest) * h.slope - h.offset, apart = (step << rest) * h.slope;
    const __m512i b = _mm512_add_epi32(_mm512_set1_epi32(from), _mm512_mullo_epi32(number, _mm512_set1_epi32(apart)));
    __m512i z = _mm512_mullo_epi32(_mm512_sub_epi32(b, four(0)), four(1));
    z = _mm512_add_epi32(_mm512_srav_epi32(z, four(2)), _mm512_set1_epi32(HALF));
    z = _mm512_min_epi32(_mm512_max_epi32(z, _mm512_setzero_si512()), _mm512_set1_epi32(2 * HALF - 1));
    const __m512i t = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), 0x0777, z, h.sigmoid, 4);
    __m512i f = _mm512_mullo_epi32(t, four(3));
    f = _mm512_add_epi32(f, _mm512_shuffle_epi32(f, _MM_PERM_BADC)); // sums of each group of four
    f = _mm512_add_epi32(f, _mm512_shuffle_epi32(f, _MM_PERM_CDAB));
    const __m128i sums = _mm512_castsi512_si128(
        _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), f));
    // C(k) <= slot: room (F - origin) < (slot - k + 1) span
    const __m128i i = _mm_setr_epi32(1, 2, 3, 3);
    const __m128i levels = _mm_mullo_epi32(i, _mm_set1_epi32(step));
    const __m128i uniform = _mm_slli_epi32(_mm_add_epi32(_mm_set1_epi32(first + k), levels), 18 - h.bits + rest);
    const __m128i values = _mm_add_epi32(sums, uniform);
    const __m256i left = _mm256_mul_epu32(_mm256_cvtepi32_epi64(_mm_sub_epi32(values, _mm_set1_epi32(origin))),
                                          _mm256_set1_epi64x(room));
    const __m256i right = _mm256_mul_epi32(
        _mm256_cvtepi32_epi64(_mm_sub_epi32(_mm_set1_epi32(int32_t(slot) - k + 1), levels)), _mm256_set1_epi64x(span));
    const unsigned reached = _mm256_cmplt_epi64_mask(left, right) & 7;
    const int n = __builtin_popcount(reached);
    int32_t ends[8];
    _mm_storeu_si128(reinterpret_cast<__m128i *>(ends + 1), values);
    ends[0] = lower;
    ends[4] = upper;
    k += n * step;
    lower = ends[n];
    upper = ends[n + 1];
}

} // namespace
} // namespace neuroc
